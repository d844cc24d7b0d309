package sandbox

// Banner is what whoever starts a sandbox must see.
func Banner() string {
	return `
########################################################################
#                                                                      #
#   TENANTRY SANDBOX                                                   #
#                                                                      #
#   This is NOT Microsoft. It answers under Microsoft's host names,    #
#   with its own keys, to clients that were told to trust it.          #
#   Tenants, users, secrets and incidents in it are made up.           #
#                                                                      #
#   Never give it real credentials.                                    #
#   Never install its CA certificate outside of tests.                 #
#                                                                      #
########################################################################
`
}
