package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// table collects the rows and prints them as an aligned Markdown table, so
// that it can be read in a terminal and pasted into a page.
type table struct {
	rows  [][]string
	notes []string
}

// add takes one row: the work, its target, our figure, what it is compared
// with ("name figure", joined by "; "), and whether the target is met.
func (t *table) add(work, target, ours string, others []string, met bool) {
	verdict := "met"
	if !met {
		verdict = "**MISSED**"
	}
	t.rows = append(t.rows, []string{work, target, ours, strings.Join(others, "; "), verdict})
}

// note adds a remark below the table, once.
func (t *table) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

func (t *table) print(w io.Writer) {
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

// series is one figure from several runs.
type series []float64

func (s series) sorted() series {
	c := slices.Clone(s)
	slices.Sort(c)
	return c
}

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	c := s.sorted()
	return (c[(len(c)-1)/2] + c[len(c)/2]) / 2
}

// show writes median (lowest–highest), each with unit.
func (s series) show(unit func(float64) string) string {
	c := s.sorted()
	if len(c) < 2 || unit(c[0]) == unit(c[len(c)-1]) {
		return unit(s.median())
	}
	return fmt.Sprintf("%s (%s–%s)", unit(s.median()), unit(c[0]), unit(c[len(c)-1]))
}

// over divides run by run.
func (s series) over(other series) series {
	r := make(series, min(len(s), len(other)))
	for i := range r {
		r[i] = s[i] / other[i]
	}
	return r
}

// quantile of durations, by nearest rank.
func quantile(d []time.Duration, q float64) time.Duration {
	c := slices.Clone(d)
	slices.Sort(c)
	return c[min(len(c)-1, int(q*float64(len(c))))]
}

// seconds writes a number of seconds in the unit that suits it.
func seconds(s float64) string {
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

func times(x float64) string {
	if x >= 100 {
		return count(int(x)) + " ×"
	}
	return fmt.Sprintf("%.2f ×", x)
}

// count writes 100000 as 100,000.
func count(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", count(n/1000), n%1000)
}
