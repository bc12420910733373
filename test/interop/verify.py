"""Verifies access tokens with PyJWT and nothing but the address of the keys. Reads a token a line, writes a word a line: the
subject, or `refused`."""

import sys

import jwt

keys_url, issuer, audience = sys.argv[1:]
keys = jwt.PyJWKClient(keys_url)
for line in sys.stdin:
    token = line.strip()
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=issuer, audience=audience)
        print(claims["sub"])
    except jwt.PyJWTError:
        print("refused")
