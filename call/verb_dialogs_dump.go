package call

import "time"

func init() {
	Register(&Verb{
		Name:    "dialogs_dump",
		Aliases: []string{"sessions_dump"},
		Doc:     "Writes one log line for each live call.",
		Result:  "how many calls there are",
		NoCall:  true,
		Run: func(x *Exec, _ Args) (any, error) {
			calls := x.manager.Calls()
			for _, c := range calls {
				line := x.manager.log.Info().Str("call_id", c.id)
				if c.dialog != nil {
					line.Str("sip_call_id", c.dialog.CallID()).Str("state", c.dialog.State().String())
				}
				line.Dur("age", time.Since(c.began)).Msg("call listed")
			}
			return int64(len(calls)), nil
		},
	})
}
