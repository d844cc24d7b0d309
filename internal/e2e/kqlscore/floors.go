package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// floors are the lowest figures that are accepted: lines of a name and a
// number, with remarks behind #. They are raised, never lowered.
type floors struct {
	lines []floorLine
}

type floorLine struct {
	name  string // empty in remarks and blank lines
	value int
	text  string
}

// readFloors reads the file; one that does not exist has no floors.
func readFloors(file string) (*floors, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &floors{}, nil
	}
	if err != nil {
		return nil, err
	}
	f := &floors{}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			f.lines = append(f.lines, floorLine{text: line})
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: a name and a number are wanted", file, i+1)
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q is no number", file, i+1, fields[1])
		}
		f.lines = append(f.lines, floorLine{name: fields[0], value: n})
	}
	return f, nil
}

func (f *floors) get(name string) int {
	for _, l := range f.lines {
		if l.name == name {
			return l.value
		}
	}
	return 0
}

// set raises a floor.
func (f *floors) set(name string, value int) {
	for i, l := range f.lines {
		if l.name == name {
			f.lines[i].value = max(l.value, value)
			return
		}
	}
	f.lines = append(f.lines, floorLine{name: name, value: value})
}

func (f *floors) write(file string) error {
	var b strings.Builder
	for _, l := range f.lines {
		if l.name == "" {
			fmt.Fprintln(&b, l.text)
		} else {
			fmt.Fprintf(&b, "%s %d\n", l.name, l.value)
		}
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
