package call

import (
	"errors"
	"time"
)

// deletePatience is how long a script waits for the disk to remove a file.
const deletePatience = 2 * time.Second

func init() {
	Register(&Verb{
		Name: "record_delete",
		Doc: "Removes a recording and its sidecar; the chain of recordings keeps that it was there and who removed it. " +
			"One that is being made, or is on legal hold, stays.",
		Result: "true",
		NoCall: true,
		Free:   true,
		Params: []Param{{Name: "file", Kind: String, Required: true, Doc: "name below record.root, as rms_record_start returned it"}},
		Run: func(x *Exec, a Args) (any, error) {
			o := &x.manager.opts
			file := a.String("file")
			switch {
			case o.Records == nil || o.Recording.Delete == nil:
				return nil, errRecordingOff
			case file == "" || len(file) > maxFileName:
				return nil, &ArgError{Verb: "record_delete", Text: `parameter "file": a name has 1 to 1024 bytes`}
			}
			if _, live := o.Records.Find(file); live {
				return nil, errors.New("it is being recorded: rms_record_stop first")
			}
			done := make(chan error, 1)
			x.manager.aside.run(func() { done <- o.Recording.Delete(file, x.who()) })
			select {
			case err := <-done:
				return nil, err
			case <-time.After(deletePatience):
				return nil, errors.New("the disk does not answer; the file goes when it does")
			}
		},
	})
}

// who names the user of a verb, for the log of who did what.
func (x *Exec) who() string {
	door := "script"
	if x.Origin != FromScript {
		door = "api"
	}
	if x.call == nil {
		return door
	}
	return door + ", call " + x.call.id
}
