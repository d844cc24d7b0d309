package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
)

// store is an external cache of MSAL Go: it keeps what is exported, or hands
// out what it was made with, once.
type store struct {
	exported []byte
	handed   atomic.Bool
	content  []byte
}

func (s *store) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) (err error) {
	s.exported, err = c.Marshal()
	return err
}

func (s *store) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	if s.content == nil || !s.handed.CompareAndSwap(false, true) {
		return nil
	}
	return c.Unmarshal(s.content)
}

// storedMSAL makes an MSAL Go client that holds tokens of n tenants without
// having asked for each: one entry is exported, repeated for the others, and
// given to the client as its external cache. The cache is read once; after
// that the client looks in its own memory, as it does without one.
func (b *bench) storedMSAL(hc *http.Client, n int, tokens map[string]string) (client, error) {
	first := &store{}
	c, err := b.newMSAL(hc, first)
	if err != nil {
		return client{}, err
	}
	tenant := tenantID(0)
	token, err := c.token(b.ctx, tenant)
	if err != nil {
		return client{}, err
	}
	var contract map[string]map[string]json.RawMessage
	if err := json.Unmarshal(first.exported, &contract); err != nil {
		return client{}, err
	}
	entries := contract["AccessToken"]
	if len(entries) != 1 {
		return client{}, errors.New("MSAL Go's exported cache is not of the form known here")
	}
	many := make(map[string]json.RawMessage, n)
	for key, entry := range entries {
		for i := range n {
			id := tenantID(i)
			text := strings.NewReplacer(tenant, id, token, tokens[id]).Replace(string(entry))
			many[strings.ReplaceAll(key, tenant, id)] = json.RawMessage(text)
		}
	}
	contract["AccessToken"] = many
	content, err := json.Marshal(contract)
	if err != nil {
		return client{}, err
	}
	second := &store{content: content}
	if c, err = b.newMSAL(hc, second); err != nil {
		return client{}, err
	}
	_, err = c.token(b.ctx, tenant)
	second.content = []byte{} // for the garbage collector
	return c, err
}
