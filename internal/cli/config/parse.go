package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parse lays a file's text over c and returns what is wrong with it.
func (c *Config) parse(path string, text []byte) Problems {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil // an empty file, or comments alone
	}
	if err != nil {
		return Problems{syntaxProblem(path, err)}
	}
	c.at = map[string]position{}
	p := parser{path: path, config: c, keys: Keys()}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		p.add(&second, "", "the file holds a second document", "remove the line of three dashes")
	} else if !errors.Is(err, io.EOF) {
		p.problems = append(p.problems, syntaxProblem(path, err))
	}
	p.mapping(doc.Content[0], "")
	return p.problems
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func syntaxProblem(path string, err error) Problem {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	p := Problem{Source: path, Remedy: "indent with spaces and write KEY: VALUE"}
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column = 1
		msg = strings.Replace(msg, m[0], "", 1)
	}
	p.Message = "not YAML: " + msg
	return p
}

type parser struct {
	path     string
	config   *Config
	keys     []Key
	problems Problems
}

func (p *parser) add(n *yaml.Node, field, message, remedy string) {
	p.problems = append(p.problems, Problem{Source: p.path, Line: n.Line, Column: n.Column, Field: field, Message: message, Remedy: remedy})
}

func (p *parser) mapping(n *yaml.Node, prefix string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // "app:" with nothing below
	}
	if n.Kind != yaml.MappingNode {
		p.add(n, strings.TrimSuffix(prefix, "."), "must hold keys and values", "write KEY: VALUE lines")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := prefix + k.Value
		if line, ok := seen[k.Value]; ok {
			p.add(k, name, "is given twice, first on line "+strconv.Itoa(line), "keep one of them")
			continue
		}
		seen[k.Value] = k.Line
		p.config.at[name] = position{v.Line, v.Column}
		p.entry(k, v, name)
	}
}

func (p *parser) entry(k, v *yaml.Node, name string) {
	group := false
	for _, key := range p.keys {
		if key.Name == name {
			p.value(v, key)
			return
		}
		group = group || strings.HasPrefix(key.Name, name+".")
	}
	if group {
		p.mapping(v, name+".")
		return
	}
	remedy := "see tenantry config check --help for the keys there are"
	if near, ok := closest(name, p.names()); ok {
		remedy = "did you mean " + near + "?"
	} else if looksSecret(name) {
		remedy = "a secret never stands in this file: use app.credential.ref with env:NAME, file:PATH or keyring:SERVICE/NAME"
	}
	p.add(k, name, "is not a key", remedy)
}

func (p *parser) value(v *yaml.Node, key Key) {
	if v.Kind != yaml.ScalarNode {
		p.add(v, key.Name, "must be a single value", key.Doc)
		return
	}
	if v.Tag == "!!null" {
		return
	}
	if err := key.set(p.config, v.Value); err != nil {
		p.add(v, key.Name, err.Error(), "")
	}
}

func (p *parser) names() []string {
	var names []string
	for _, k := range p.keys {
		names = append(names, k.Name)
		for i, r := range k.Name {
			if r == '.' {
				names = append(names, k.Name[:i])
			}
		}
	}
	return names
}

func looksSecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "secret") || strings.Contains(name, "password")
}

// overlay lays TENANTRY_* variables over c. An empty variable counts as not
// set. Variables that are no key's are not errors: other programs, the sandbox
// among them, may use the prefix; see [UnknownEnv].
func (c *Config) overlay(environ []string) Problems {
	var ps Problems
	for _, key := range Keys() {
		v := lookup(environ, key.Env)
		if v == "" {
			continue
		}
		if err := key.set(c, v); err != nil {
			ps = append(ps, Problem{Source: key.Env, Field: key.Name, Message: err.Error()})
		}
	}
	return ps
}

func lookup(environ []string, name string) string {
	value := ""
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			value = v // the last one counts, as in os/exec
		}
	}
	return value
}

// UnknownEnv lists the TENANTRY_* variables that override no key, so that a
// misspelt one can be told of.
func UnknownEnv(environ []string, known ...string) []string {
	names := map[string]bool{}
	for _, k := range Keys() {
		names[k.Env] = true
	}
	for _, k := range known {
		names[k] = true
	}
	var unknown []string
	for _, kv := range environ {
		k, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(k, "TENANTRY_") && !names[k] {
			unknown = append(unknown, k)
		}
	}
	return unknown
}
