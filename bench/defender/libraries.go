package main

import (
	"encoding/json"
	"fmt"

	"github.com/bytedance/sonic"
	experiment "github.com/go-json-experiment/json"
	goccy "github.com/goccy/go-json"
	jsoniter "github.com/json-iterator/go"
	segmentio "github.com/segmentio/encoding/json"

	"github.com/tenantry/tenantry/bench/defender/plain"
	"github.com/tenantry/tenantry/bench/internal/table"
	"github.com/tenantry/tenantry/defender"
)

// The libraries, each as its documentation says for speed without giving up
// correct strings and numbers.

type libStandard struct{}

func (libStandard) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
func (libStandard) Kind(data []byte) (string, error)   { return plain.Kind[libStandard](data) }

type libGoccy struct{}

func (libGoccy) Unmarshal(data []byte, v any) error { return goccy.Unmarshal(data, v) }
func (libGoccy) Kind(data []byte) (string, error)   { return plain.Kind[libGoccy](data) }

type libSonic struct{}

func (libSonic) Unmarshal(data []byte, v any) error { return sonic.ConfigDefault.Unmarshal(data, v) }

// Kind looks no further than the member, which comes first.
func (libSonic) Kind(data []byte) (string, error) {
	node, err := sonic.Get(data, "@odata.type")
	if err != nil {
		return "", err
	}
	return node.String()
}

type libIter struct{}

func (libIter) Unmarshal(data []byte, v any) error { return jsoniter.ConfigDefault.Unmarshal(data, v) }

// Kind looks no further than the member, which comes first.
func (libIter) Kind(data []byte) (string, error) {
	found := jsoniter.Get(data, "@odata.type")
	return found.ToString(), found.LastError()
}

type libExperiment struct{}

func (libExperiment) Unmarshal(data []byte, v any) error { return experiment.Unmarshal(data, v) }
func (libExperiment) Kind(data []byte) (string, error)   { return plain.Kind[libExperiment](data) }

type libSegmentio struct{}

func (libSegmentio) Unmarshal(data []byte, v any) error { return segmentio.Unmarshal(data, v) }
func (libSegmentio) Kind(data []byte) (string, error)   { return plain.Kind[libSegmentio](data) }

const (
	ours     = "Tenantry"
	standard = "encoding/json"
)

// others are the libraries that are measured beside ours, encoding/json first.
func others() []*reader {
	return []*reader{
		libraryReader[libStandard](standard),
		libraryReader[libSonic]("sonic"),
		libraryReader[libGoccy]("goccy/go-json"),
		libraryReader[libIter]("json-iterator"),
		libraryReader[libExperiment]("go-json-experiment"),
		libraryReader[libSegmentio]("segmentio"),
	}
}

// reader decodes a whole page; what it returns can be compared once encoding/json
// has written it.
type reader struct {
	name string
	read func(s defender.Surface, page []byte) (any, error)
	// finish, if set, makes defender's types out of what was read.
	finish func(any) []*defender.Incident

	took          table.Series // of each run, per page
	allocs, bytes table.Series // of each slice, per page
}

func libraryReader[L plain.Library](name string) *reader {
	finish := func(read any) []*defender.Incident {
		if p, xdr := read.(*plain.XDRPage[L]); xdr {
			return converted(p)
		}
		return nil // graph's are defender's without their methods
	}
	return &reader{name: name, finish: finish, read: func(s defender.Surface, page []byte) (any, error) {
		var library L
		if s == defender.SurfaceXDR {
			p := &plain.XDRPage[L]{}
			if err := library.Unmarshal(page, p); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return p, nil
		}
		var p plain.Page[L]
		if err := library.Unmarshal(page, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return p.Value, nil
	}}
}
