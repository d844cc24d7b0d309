// Package report is the frame that the Go programs of this folder share: ask
// for a token, call the API with it, say in one line of JSON what came out.
package report

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"
)

// Result is what every program of this folder, in every language, prints.
type Result struct {
	Token     bool   `json:"token"`
	ErrorType string `json:"errorType,omitempty"` // the client's own type for it
	Error     string `json:"error,omitempty"`
	APIStatus int    `json:"apiStatus,omitempty"`
}

// Run asks get for a token and calls API_URL with it. classify names the
// client's own error type, or "" for an error that is none of its own.
func Run(get func(context.Context) (string, error), classify func(error) (typ, text string)) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var r Result
	token, err := get(ctx)
	if err != nil {
		r.ErrorType, r.Error = classify(err)
	} else {
		r.Token = true
		r.APIStatus, err = call(ctx, token)
		if err != nil {
			r.Error = err.Error()
		} else if r.APIStatus >= 400 {
			r.ErrorType = "http.Response"
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
}

func call(ctx context.Context, token string) (int, error) {
	if os.Getenv("SPOIL_TOKEN") != "" {
		token = Spoil(token)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("API_URL"), nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

// Spoil changes one character in the middle of the token's signature.
func Spoil(token string) string {
	b := []byte(token)
	i := len(b) - 20
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}
