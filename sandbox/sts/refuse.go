package sts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// refusal is a row met, with the values its text names.
type refusal struct {
	row  string
	args []string // name, value, name, value
}

// refuse returns the error of a row. args are the names in braces of its
// message and their values, in pairs.
func refuse(row string, args ...string) error { return &refusal{row: row, args: args} }

func (e *refusal) Error() string { return "refused: " + e.row }

// wireError is a refusal ready to be written.
type wireError struct {
	ErrorRow
	Text string // "AADSTS<code>: <message>"
}

func (x *exchange) wire(err error) wireError {
	var r *refusal
	if !errors.As(err, &r) {
		// Nothing of the world but a refusal reaches here; signing can fail.
		x.note.Decision = "failed"
		return wireError{ErrorRow{OAuth: "server_error", Status: http.StatusInternalServerError, Shape: ShapeJSON}, "The sandbox's token service failed."}
	}
	row := x.rows[r.row]
	pairs := make([]string, 0, len(r.args))
	for i := 0; i+1 < len(r.args); i += 2 {
		pairs = append(pairs, "{"+r.args[i]+"}", r.args[i+1])
	}
	x.note.Error, x.note.AADSTS, x.note.Decision = row.OAuth, row.Code, "refused: "+row.Condition
	if x.refused != nil {
		x.refused(row.ID)
	}
	return wireError{row, fmt.Sprintf("AADSTS%d: %s", row.Code, strings.NewReplacer(pairs...).Replace(row.Message))}
}

// description is the text with its trailer.
func (x *exchange) description(e wireError) string {
	sep := "\r\n"
	if e.Shape == ShapeJSONNew || e.Shape == ShapeJSONNoURI {
		sep = " "
	}
	return strings.Join([]string{e.Text, "Trace ID: " + x.trace, "Correlation ID: " + x.correlation, "Timestamp: " + x.timestamp()}, sep)
}

func (x *exchange) timestamp() string { return x.now.Format("2006-01-02 15:04:05Z") }

func (x *exchange) errorURI(code int) string {
	return fmt.Sprintf("%s/error?code=%d", x.origin(), code)
}

// answerError writes the error in the form its row and endpoint ask for.
func (x *exchange) answerError(err error) {
	e := x.wire(err)
	switch {
	case !x.route.page:
		x.errorJSON(e)
	case x.callback != nil && e.Shape != ShapePage:
		x.errorRedirect(e)
	default:
		x.errorPage(e)
	}
}

// errorBody has the members of an error answer in their usual order.
type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
	Timestamp   string `json:"timestamp"`
	Trace       string `json:"trace_id"`
	Correlation string `json:"correlation_id"`
	URI         string `json:"error_uri,omitempty"`
	Suberror    string `json:"suberror,omitempty"`
}

func (x *exchange) errorJSON(e wireError) {
	body := errorBody{
		Error: e.OAuth, Description: x.description(e), Codes: []int{e.Code}, Timestamp: x.timestamp(),
		Trace: x.trace, Correlation: x.correlation, URI: x.errorURI(e.Code), Suberror: e.Suberror,
	}
	if e.Shape == ShapeJSONNoURI {
		body.URI = ""
	}
	x.json(e.Status, body)
}

// json writes v as the real service does: no escaping of HTML characters.
func (x *exchange) json(status int, v any) {
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.w.WriteHeader(status)
	enc := json.NewEncoder(x.w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may have gone
}
