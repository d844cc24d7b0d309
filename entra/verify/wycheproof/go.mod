module github.com/tenantry/tenantry/entra/verify/wycheproof

go 1.26.4

require (
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	github.com/tenantry/tenantry v0.0.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	golang.org/x/crypto v0.50.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)

replace github.com/tenantry/tenantry => ../../..
