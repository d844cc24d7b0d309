package verify_test

import (
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/entra/verify"
)

func ExampleNearMiss() {
	granted := []string{"AdvancedHunting.Read.All", "Incident.Read.All"}
	fmt.Println(verify.NearMiss("Incidents.Read.All", granted))
	// Output: Incident.Read.All true
}

func ExampleInspect_notAToken() {
	_, err := verify.Inspect(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`, verify.InspectOptions{})
	var not *verify.NotTokenError
	if errors.As(err, &not) {
		fmt.Println(not.Detail)
		fmt.Println(not.Next())
	}
	// Output:
	// this is an error answer, invalid_client: AADSTS7000215: Invalid client secret provided.
	// No token was issued; the code says why. Mend that and ask again.
}
