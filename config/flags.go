package config

import "flag"

// Register adds both names of every key to a flag set. The map it returns fills
// as the set parses, and goes to Options.Flags.
func Register(fs *flag.FlagSet) map[string][]string {
	given := map[string][]string{}
	for _, k := range Keys() {
		usage := k.Doc + " Allowed: " + k.Allowed + "."
		for _, name := range []string{k.Flag, k.Short} {
			if name == "" {
				continue
			}
			add := func(text string) error {
				given[name] = append(given[name], text)
				return nil
			}
			if k.Bool {
				fs.BoolFunc(name, usage, add)
				continue
			}
			fs.Func(name, usage, add)
		}
	}
	return given
}
