// Verifies access tokens with a JWT library of Go's and nothing but the address of the keys. Reads a token a line, writes a word
// a line: the subject, or `refused`.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func main() {
	keysURL, issuer, audience := os.Args[1], os.Args[2], os.Args[3]
	keys, err := jwk.Fetch(context.Background(), keysURL)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		token, err := jwt.ParseString(lines.Text(), jwt.WithKeySet(keys), jwt.WithIssuer(issuer), jwt.WithAudience(audience))
		if err != nil {
			fmt.Println("refused")
			continue
		}
		subject, _ := token.Subject()
		fmt.Println(subject)
	}
}
