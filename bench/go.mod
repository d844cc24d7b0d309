module github.com/tenantry/tenantry/bench

go 1.26.0
