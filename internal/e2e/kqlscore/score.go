package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenantry/tenantry/kql/syntax"
)

// figure is one thing that is counted. Its name is its key among the floors.
type figure struct {
	name   string
	what   string
	good   int
	of     int
	missed []string // the first few that do not count as good, and why
}

func (f *figure) count(ok bool, id, why string) {
	f.of++
	switch {
	case ok:
		f.good++
	case len(f.missed) < 50:
		f.missed = append(f.missed, id+": "+why)
	}
}

// row is a line of any of the recordings: each has a part of the fields.
type row struct {
	ID          string `json:"id"`
	Query       string `json:"query"`
	KustoError  string `json:"kusto_error"`
	Diagnostics []struct {
		Code string `json:"code"`
	} `json:"diagnostics"`
}

// recording is a file of recorded answers.
type recording struct {
	file, name, what string
	// accepts tells if the one who recorded the row could parse its query,
	// and whether the row says so at all.
	accepts func(row) (accepted, known bool)
}

func recordings() []recording {
	return []recording{
		{"hunting-queries.jsonl", "hunting", "published hunting queries", func(r row) (bool, bool) {
			for _, d := range r.Diagnostics {
				if isSyntax(d.Code) {
					return false, true
				}
			}
			return true, true
		}},
		// The real engine's errors do not say who found them: the parser, the
		// binder, or the one who ran the query.
		{"engine-docs-cases.jsonl", "engine-docs", "examples of the documentation", answered},
		{"engine-family-cases.jsonl", "engine-family", "queries by kind of construct", answered},
	}
}

func answered(r row) (bool, bool) { return true, r.KustoError == "" }

// isSyntax reports whether a code is of the official parser, not of its binder.
func isSyntax(code string) bool {
	switch code {
	case "KS160", "KS176", "KS198", "KS214", "KS228", "KS250":
		return true
	}
	return strings.HasPrefix(code, "KS0")
}

// score measures, prints and compares with the floors.
func score(w io.Writer, data, floorFile string, raise, verbose bool) error {
	floors, err := readFloors(floorFile)
	if err != nil {
		return err
	}
	var figures []*figure
	for _, rec := range recordings() {
		f, err := measure(filepath.Join(data, rec.file), rec)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(w, "%s is not in %s: nothing is measured against it\n", rec.file, data)
			continue
		}
		if err != nil {
			return err
		}
		figures = append(figures, f...)
	}
	var low, risen []string
	for _, f := range figures {
		floor := floors.get(f.name)
		fmt.Fprintf(w, "%-26s %5d of %5d  %6.2f %%  floor %5d  %s\n", f.name, f.good, f.of, 100*float64(f.good)/float64(max(1, f.of)), floor, f.what)
		if verbose {
			for _, m := range f.missed {
				fmt.Fprintf(w, "    %s\n", m)
			}
		}
		switch {
		case f.good < floor:
			low = append(low, fmt.Sprintf("%s is %d, %d below its floor", f.name, f.good, floor-f.good))
		case f.good > floor:
			risen = append(risen, f.name)
			floors.set(f.name, f.good)
		}
	}
	switch {
	case len(low) > 0:
		return errors.New(strings.Join(low, "\n"))
	case len(risen) > 0 && raise:
		return floors.write(floorFile)
	case len(risen) > 0:
		fmt.Fprintf(w, "risen: %s; -raise keeps it\n", strings.Join(risen, ", "))
	}
	return nil
}

// measure parses and prints the queries of a recording.
func measure(file string, rec recording) ([]*figure, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	parse := &figure{name: rec.name + "-parse", what: rec.what + " that are accepted or refused as recorded"}
	round := &figure{name: rec.name + "-round-trip", what: rec.what + " that print to the same query, and settle"}
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var r row
		if err := dec.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		q, diagnostics := syntax.Parse(r.Query)
		if accepts, known := rec.accepts(r); known {
			why := "accepted here alone"
			if len(diagnostics) > 0 {
				why = fmt.Sprintf("%d: %v", diagnostics[0].Start, diagnostics[0])
			}
			parse.count(accepts == (len(diagnostics) == 0), r.ID, why)
		}
		if len(diagnostics) == 0 {
			why := roundTrip(q)
			round.count(why == "", r.ID, why)
		}
	}
	return []*figure{parse, round}, nil
}

// roundTrip says what printing breaks, or "".
func roundTrip(q *syntax.Query) string {
	text := syntax.Format(q)
	again, diagnostics := syntax.Parse(text)
	switch {
	case len(diagnostics) > 0:
		return "does not parse when printed: " + diagnostics[0].Message
	case !syntax.Equal(q, again):
		return "prints to another query"
	case syntax.Format(again) != text:
		return "prints to another text the second time"
	}
	return ""
}
