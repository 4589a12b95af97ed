/* SPDX-License-Identifier: MIT */
/* Keys, and the signatures they verify. */
#include <limits.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "auth.h"
#include "token_internal.h"

/* What Go's and other libraries refuse, too; RFC 7518 section 3.3 asks for 2048. */
enum { RSA_MIN_BITS = 1024 };

static const token_algorithm algorithms[] = {
    {.name = "HS256", .family = KEY_HMAC, .digest = EVP_sha256},
    {.name = "HS384", .family = KEY_HMAC, .digest = EVP_sha384},
    {.name = "HS512", .family = KEY_HMAC, .digest = EVP_sha512},
    {.name = "RS256", .family = KEY_RSA, .digest = EVP_sha256},
    {.name = "RS384", .family = KEY_RSA, .digest = EVP_sha384},
    {.name = "RS512", .family = KEY_RSA, .digest = EVP_sha512},
    {.name = "ES256",
     .family = KEY_ECDSA,
     .digest = EVP_sha256,
     .curve = "prime256v1",
     .signature_bytes = 64},
    {.name = "ES384",
     .family = KEY_ECDSA,
     .digest = EVP_sha384,
     .curve = "secp384r1",
     .signature_bytes = 96},
    {.name = "ES512",
     .family = KEY_ECDSA,
     .digest = EVP_sha512,
     .curve = "secp521r1",
     .signature_bytes = 132},
};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

const token_algorithm *token_algorithm_find(view name)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (view_eq(view_of(algorithms[i].name), name))
            return &algorithms[i];
    }
    return NULL;
}

/* ---- keys ---- */

static bool has_curve(const EVP_PKEY *key, const char *curve)
{
    char name[32] = "";
    size_t len = 0;

    return EVP_PKEY_get_group_name(key, name, sizeof name, &len) == 1 &&
           view_eq(view_of(name), view_of(curve));
}

bool token_key_fits(const EVP_PKEY *key, const token_algorithm *algorithm)
{
    if (key == NULL)
        return false;
    if (algorithm->family == KEY_RSA)
        return EVP_PKEY_is_a(key, "RSA");
    return algorithm->family == KEY_ECDSA && EVP_PKEY_is_a(key, "EC") &&
           has_curve(key, algorithm->curve);
}

static bool fits_any(const EVP_PKEY *key, key_family family)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (algorithms[i].family == family && token_key_fits(key, &algorithms[i]))
            return true;
    }
    return false;
}

static EVP_PKEY *key_from_certificate(BIO *pem)
{
    X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey(certificate);

    X509_free(certificate);
    return key;
}

static EVP_PKEY *key_from_pem(view text)
{
    BIO *pem = text.len > INT_MAX ? NULL : BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *key;

    if (pem == NULL)
        return NULL;
    key = PEM_read_bio_PUBKEY(pem, NULL, NULL, NULL);
    if (key == NULL && BIO_reset(pem) == 1)
        key = key_from_certificate(pem);
    BIO_free(pem);
    return key;
}

EVP_PKEY *token_key_read(key_family family, view pem, const char **error)
{
    bool rsa = family == KEY_RSA;
    EVP_PKEY *key = key_from_pem(pem);

    if (key == NULL)
        *error = rsa ? "rsa_public_key: neither a public key nor a certificate in PEM"
                     : "ecdsa_public_key: neither a public key nor a certificate in PEM";
    else if (!fits_any(key, family))
        *error = rsa ? "rsa_public_key: not an RSA key"
                     : "ecdsa_public_key: not a key on P-256, P-384 or P-521";
    else if (rsa && EVP_PKEY_get_bits(key) < RSA_MIN_BITS)
        *error = "rsa_public_key: fewer than 1024 bits";
    else
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

/* ---- signatures ---- */

size_t token_hmac(const token_algorithm *algorithm, view key, view bytes, char *signature)
{
    unsigned len = 0;

    if (key.len == 0 || key.len > INT_MAX) /* an empty key would do for RFC 2104, but it is none */
        return 0;
    return HMAC(algorithm->digest(), key.ptr, (int)key.len, (const unsigned char *)bytes.ptr,
                bytes.len, (unsigned char *)signature, &len) == NULL
               ? 0
               : len;
}

bool token_hmac_good(const token_algorithm *algorithm, view key, view bytes, view signature)
{
    char expected[EVP_MAX_MD_SIZE];
    size_t len = token_hmac(algorithm, key, bytes, expected);

    return len != 0 && auth_key_equal(signature, (view){.ptr = expected, .len = len});
}

/* RFC 7518 section 3.4: r and s of the same size, one after the other; OpenSSL wants them in DER.
 * Returns its length and sets *der, which OPENSSL_free() frees; <= 0: it cannot be. */
static int ecdsa_to_der(view signature, unsigned char **der)
{
    int half = (int)(signature.len / 2); /* token_public_good() has checked the length */
    const unsigned char *bytes = (const unsigned char *)signature.ptr;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, half, NULL);
    BIGNUM *s = BN_bin2bn(bytes + half, half, NULL);
    int len = 0;

    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's now */
        len = i2d_ECDSA_SIG(pair, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return len;
}

static bool digest_good(const token_algorithm *algorithm, EVP_PKEY *key, view bytes, view signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL &&
                EVP_DigestVerifyInit(context, NULL, algorithm->digest(), NULL, key) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len,
                                 (const unsigned char *)bytes.ptr, bytes.len) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

bool token_public_good(const token_algorithm *algorithm, EVP_PKEY *key, view bytes, view signature)
{
    unsigned char *der = NULL;
    bool good = false;

    if (!token_key_fits(key, algorithm))
        return false;
    if (algorithm->family == KEY_RSA)
        return digest_good(algorithm, key, bytes, signature);
    if (signature.len != algorithm->signature_bytes)
        return false;

    int len = ecdsa_to_der(signature, &der);

    if (len > 0)
        good = digest_good(algorithm, key, bytes,
                           (view){.ptr = (const char *)der, .len = (size_t)len});
    OPENSSL_free(der);
    return good;
}
