// Command kqlscore measures package kql against recorded answers of others and
// prints one figure per line. It fails if a figure is below its recorded floor.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	data := flag.String("data", "../shared/kql", "`folder` of the recorded answers")
	floors := flag.String("floors", "internal/e2e/kqlscore/floors.txt", "`file` of the floors")
	raise := flag.Bool("raise", false, "write the figures that have risen into the file of floors")
	verbose := flag.Bool("v", false, "tell the queries that count against a figure")
	flag.Parse()
	if err := score(os.Stdout, *data, *floors, *raise, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "kqlscore:", err)
		os.Exit(1)
	}
}
