// Package table prints what a benchmark found as one table, and has what all
// benchmarks measure and count with.
package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Table collects the rows and prints them as an aligned Markdown table, so
// that it can be read in a terminal and pasted into a page.
type Table struct {
	rows  [][]string
	notes []string
}

// Add takes one row: the work, its target, our figure, what it is compared
// with ("name figure", joined by "; "), and whether the target is met.
func (t *Table) Add(work, target, ours string, others []string, met bool) {
	verdict := "met"
	if !met {
		verdict = "**MISSED**"
	}
	t.rows = append(t.rows, []string{work, target, ours, strings.Join(others, "; "), verdict})
}

// Note adds a remark below the table, once.
func (t *Table) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

// Print writes the table, and the remarks below it.
func (t *Table) Print(w io.Writer) {
	head := []string{"work", "target", "Tenantry", "beside", "verdict"}
	width := make([]int, len(head))
	for _, row := range append([][]string{head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
	}
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = strings.Repeat("-", width[i])
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	if len(t.notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range t.notes {
		fmt.Fprintf(w, "- %s\n", n)
	}
}

// Series is one figure from several runs.
type Series []float64

func (s Series) sorted() Series {
	c := slices.Clone(s)
	slices.Sort(c)
	return c
}

// Median is the middle of the runs, or between the two in the middle; 0 of none.
func (s Series) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	c := s.sorted()
	return (c[(len(c)-1)/2] + c[len(c)/2]) / 2
}

// Show writes median (lowest–highest), each with unit.
func (s Series) Show(unit func(float64) string) string {
	c := s.sorted()
	if len(c) < 2 || unit(c[0]) == unit(c[len(c)-1]) {
		return unit(s.Median())
	}
	return fmt.Sprintf("%s (%s–%s)", unit(s.Median()), unit(c[0]), unit(c[len(c)-1]))
}

// Over divides run by run.
func (s Series) Over(other Series) Series {
	r := make(Series, min(len(s), len(other)))
	for i := range r {
		r[i] = s[i] / other[i]
	}
	return r
}

// Quantile of durations, by nearest rank.
func Quantile(d []time.Duration, q float64) time.Duration {
	c := slices.Clone(d)
	slices.Sort(c)
	return c[min(len(c)-1, int(q*float64(len(c))))]
}

// Seconds writes a number of seconds in the unit that suits it.
func Seconds(s float64) string {
	switch {
	case s < 99.5e-9:
		return fmt.Sprintf("%.1f ns", s*1e9)
	case s < 995e-9:
		return fmt.Sprintf("%.0f ns", s*1e9)
	case s < 9.95e-6:
		return fmt.Sprintf("%.2f µs", s*1e6)
	case s < 995e-6:
		return fmt.Sprintf("%.0f µs", s*1e6)
	case s < 9.95e-3:
		return fmt.Sprintf("%.2f ms", s*1e3)
	case s < 0.995:
		return fmt.Sprintf("%.0f ms", s*1e3)
	}
	return fmt.Sprintf("%.1f s", s)
}

// Times writes a ratio.
func Times(x float64) string {
	if x >= 100 {
		return Count(int(x)) + " ×"
	}
	return fmt.Sprintf("%.2f ×", x)
}

// Count writes 100000 as 100,000.
func Count(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Count(n/1000), n%1000)
}
