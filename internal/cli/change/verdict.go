package change

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/filter"
)

// Verdict is what people decide of an incident or alert, beside its status.
type Verdict struct {
	assignTo       string
	unassign       bool
	classification string
	determination  string
	comment        string
}

// Add declares the flags.
func (v *Verdict) Add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&v.assignTo, "assign-to", "", "assign it to this `name`, as a rule a user principal name")
	fs.BoolVar(&v.unassign, "unassign", false, "assign it to nobody")
	fs.StringVar(&v.classification, "classification", "", "`classification`: "+filter.Or(filter.Classifications()))
	fs.StringVar(&v.determination, "determination", "", "`determination` that goes with the classification; see above")
	fs.StringVar(&v.comment, "comment", "", "`text` of a comment to add, which the customer reads")
}

// Decided is a verdict, read.
type Decided struct {
	AssignedTo     *string // nil: leave it; "": nobody
	Classification defender.Classification
	Determination  defender.Determination
	Comment        string
}

// Parse reads the flags.
func (v *Verdict) Parse(cmd *cobra.Command) (Decided, error) {
	var d Decided
	var err error
	switch given := cmd.Flags().Changed("assign-to"); {
	case given && v.unassign:
		return d, clierr.Usage("leave one of them out", "--assign-to and --unassign exclude each other")
	case given && strings.TrimSpace(v.assignTo) == "":
		return d, clierr.Usage("use --unassign to assign it to nobody", "--assign-to: the name is empty")
	case given:
		d.AssignedTo = &v.assignTo
	case v.unassign:
		d.AssignedTo = new(string)
	}
	if d.Classification, err = filter.Member("--classification", "a classification", filter.Classifications(), v.classification, defender.ParseClassification); err != nil {
		return d, err
	}
	if d.Determination, err = filter.Member("--determination", "a determination", filter.Determinations(d.Classification), v.determination, defender.ParseDetermination); err != nil {
		return d, err
	}
	if cmd.Flags().Changed("comment") && strings.TrimSpace(v.comment) == "" {
		return d, clierr.Usage("write something, or leave it out", "--comment: the text is empty")
	}
	d.Comment = v.comment
	return d, nil
}

// DeterminationHelp is the part of a command's help that lists what goes together.
func DeterminationHelp() string {
	var b strings.Builder
	for _, c := range filter.Classifications() {
		b.WriteString("  " + string(c) + "\n")
		line := "   "
		for i, d := range filter.Determinations(c) {
			word := " " + string(d)
			if i < len(filter.Determinations(c))-1 {
				word += ","
			}
			if len(line)+len(word) > 78 {
				b.WriteString(line + "\n")
				line = "   "
			}
			line += word
		}
		b.WriteString(line + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// NeedComment refuses a comment without a text.
func NeedComment(text string) error {
	if strings.TrimSpace(text) == "" {
		return clierr.Usage("add --comment TEXT", "what is the comment?")
	}
	return nil
}
