// Package wycheproof runs the signature and key vectors of C2SP's Wycheproof
// against package verify. It is a module of its own so that nobody who uses the
// package has to download the vectors:
//
//	cd entra/verify/wycheproof && go test ./...
package wycheproof
