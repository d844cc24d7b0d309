// Package e2e holds the tests that need both sides at once: the whole driven
// as users drive it, and the lists that the client side and the sandbox each
// keep for themselves and must agree on. It holds no code of its own.
package e2e
