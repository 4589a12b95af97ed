/* SPDX-License-Identifier: MIT */
/* Key pairs made for these tests with openssl(1); they open nothing else. */
#ifndef TESTS_AUTH_KEYS_H
#define TESTS_AUTH_KEYS_H

static const char rsa_private[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCq26f9t6nXEqvi\n"
    "sQFPBBMv+4V4onAUgyjPMpJVgHGkXbAk1sNbk3efcCFzjbhW3C/XbmPyBzcOCJV3\n"
    "RvOH4U4bgW2wXGc4SKXbEY6y9Gdv7Fobjuuq3X6qqt22jGVGDppLbiCevMRCOtMW\n"
    "+QbkvxzdxLb89dsrKmbbTKLEVCHTN1OuQNKuadwC7KqcZkSP8VeF/DF8KrYVIkyz\n"
    "eJfdvHbCS/iJ0oyfEBQGVleP1cxycFiMK3R0iI40o3tn0hK+8J1tMEEJfavAXOa0\n"
    "WoxCqcOWh9QW9PSJdLF0ytUwrQoBJG5CFdYZxRDmeFRK+6c8zcJQ9M5MQp9tA77n\n"
    "CUDNVG6lAgMBAAECggEAIWDGAb/WkyiXobKYodoW8YG+gmGhabBx0YB8q+1qxgRz\n"
    "e87k3UgCz4f1UQC3qWhchEaRid+09q3gnSukOcBfJOp1BkYW+BzhIdndOcKbTncq\n"
    "50VVbszUiPzWUWo+AqCpreC2yKvx30pkoJFHsnpPZlees+5HwbgH3gGrrpUNApjz\n"
    "FXrJCteCwVh2WWBYtLLi169yEth5eL/GUP/crf/4UAtcADQejKz2zpe002CSScVY\n"
    "5SpIW9lR401UE419lD98fYi3UjcdmZq3pY7hGkTgAy5toFPyU3mSqiqIo1rzwQix\n"
    "MBacdhc6smZZM3Ty/IeQ/VDbMjKO7oKs92p6AviRhQKBgQDr+ow7utHqCIogKRQR\n"
    "qIpqikHlLSJN0tqpLrgnd0uX9bFANkQYhDScjUTem6Ux8OysW8rFWQGWmrZUbqMQ\n"
    "+tPnKGGc+JZ4041jRwBm2xWk7MZ8hhF4q+RcxZEKQSe7yQD+YS8DmGmyvs2Nz7Xc\n"
    "MhX1cEEywgBcxV9ypXNzA9dDkwKBgQC5WrBcNneAOkP+fIuGFWEi4RaUzk/iWIea\n"
    "OapuPlE7Qd0LJ91Cj4UJjCxq9JoQxXc44sCXT3tBVODT2vB6mlxSgwIr9J76w4iv\n"
    "WfI3ngvYmTC4RKevThRWShDEKNDEAw/bcA1Xnrx4IuMmbEXsmruwYwOeW7wRuZXf\n"
    "KPEshBLX5wKBgEOFLRrqGaYdS2hoWJW04+YYKUKp52bdLjO6anbga4DPjCgTXuik\n"
    "62jgAxSu9FWV2iJ3IU3Wad3t5r3B6maxXnCF3WhMuMFZxtrhNfw4M7k9Bo4azmT4\n"
    "yh7BaP7GJdhVazNeG1WsBpJehfJNvHuE2UOhGwaq+++PigAD10TRlIaBAoGAPCAh\n"
    "81ervgmogsXN0Kngv5q6Y3zlRuwm2K16DpbibNF5raO5z1yU8DrrMaq0y1nyyZ4s\n"
    "kSi0N8YbxD1SIsMtzYo3yyBn7bo9/Xu06bu35gQTXMLQjjpKuI8AD1GaHutLWohn\n"
    "m5OfWW0fuBgJOq4a0iXcR6NER4+nASPbz+/r2OMCgYEAmlbsevC0SDLxbsEO3HIn\n"
    "ocxfieDwxIvTGGaIvvR/NTp88qrBwaXpw+hjqdpG+OuQwyX8fXvIGh+GRSFV8h4P\n"
    "9BTCse0ubComLDTVxLjZG5JYZ0/XEzZtuZ6NKo9o6hdlmEGkpOxs9zC56sO2rPeN\n"
    "NTRPJ7rZvKwpSmN/wNgRfGA=\n"
    "-----END PRIVATE KEY-----\n";

static const char rsa_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqtun/bep1xKr4rEBTwQT\n"
    "L/uFeKJwFIMozzKSVYBxpF2wJNbDW5N3n3Ahc424Vtwv125j8gc3DgiVd0bzh+FO\n"
    "G4FtsFxnOEil2xGOsvRnb+xaG47rqt1+qqrdtoxlRg6aS24gnrzEQjrTFvkG5L8c\n"
    "3cS2/PXbKypm20yixFQh0zdTrkDSrmncAuyqnGZEj/FXhfwxfCq2FSJMs3iX3bx2\n"
    "wkv4idKMnxAUBlZXj9XMcnBYjCt0dIiONKN7Z9ISvvCdbTBBCX2rwFzmtFqMQqnD\n"
    "lofUFvT0iXSxdMrVMK0KASRuQhXWGcUQ5nhUSvunPM3CUPTOTEKfbQO+5wlAzVRu\n"
    "pQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static const char p256_private[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIIUJKaR7BxlnSSVT/ZNKxFb8bYsfN30mKatw60n78n9LoAoGCCqGSM49\n"
    "AwEHoUQDQgAE2LWiWYaSXR/lnHv2PhT/C1AbZrAraPON0mJNtK0SD3XGbOLp287O\n"
    "fBE0r/Z8/BLMzclan9jcMzCUE069q8ojpQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char p256_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2LWiWYaSXR/lnHv2PhT/C1AbZrAr\n"
    "aPON0mJNtK0SD3XGbOLp287OfBE0r/Z8/BLMzclan9jcMzCUE069q8ojpQ==\n"
    "-----END PUBLIC KEY-----\n";

static const char p384_private[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDCv43AUU/Yomrv3Vu7ESsfELER3VzEQkMfyaq4/zeyEm2ZPDsRCzdK0\n"
    "riqTrwHPs32gBwYFK4EEACKhZANiAASiR2+fQco1TWQBJw8RrEo8dz6kv/fYMbn4\n"
    "ENXTO5tAj66fQzAdTHKur6+lVx/GhKGZP0/hFdeox9Ny9LE0ymMZrmyXYr2wMOva\n"
    "jXkTn0kJNNqs+Q2rdEgvOVdUVz32P40=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char p384_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEokdvn0HKNU1kAScPEaxKPHc+pL/32DG5\n"
    "+BDV0zubQI+un0MwHUxyrq+vpVcfxoShmT9P4RXXqMfTcvSxNMpjGa5sl2K9sDDr\n"
    "2o15E59JCTTarPkNq3RILzlXVFc99j+N\n"
    "-----END PUBLIC KEY-----\n";

static const char p521_private[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIHcAgEBBEIBNwqx1Ara0buXLc394n2Crxb9tloXVOo5KAc9jDc5l+/+QXygdcKx\n"
    "yV8ilv7fGrFuipEx2S8dyMaSxP1OyIGp9eWgBwYFK4EEACOhgYkDgYYABADc0LmM\n"
    "+yrnCsUL/UasTyLSg+TloSNtxCVv9JdkskTaZWdMFEQLxBrpnPqr5Ai1c4n4HYjU\n"
    "v/3uDOT5pkuvWiRtywFyhaJUADHJVQqAJdjYqAbthIamsfPVyws31qFVzxHb2Ds5\n"
    "9u+8Jn3O6CIFlYmqETGLTyOnP6klX4+Vds7R8/cK+g==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char p521_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA3NC5jPsq5wrFC/1GrE8i0oPk5aEj\n"
    "bcQlb/SXZLJE2mVnTBREC8Qa6Zz6q+QItXOJ+B2I1L/97gzk+aZLr1okbcsBcoWi\n"
    "VAAxyVUKgCXY2KgG7YSGprHz1csLN9ahVc8R29g7OfbvvCZ9zugiBZWJqhExi08j\n"
    "pz+pJV+PlXbO0fP3Cvo=\n"
    "-----END PUBLIC KEY-----\n";

/* The certificate of p256_public. */
static const char p256_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUAyk9l9a+NsJiXX0CRKYOhGQ0wZswCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMwOTMyMDJaGA8yMTI2MTAzMDA5MzIw\n"
    "MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNi1\n"
    "olmGkl0f5Zx79j4U/wtQG2awK2jzjdJiTbStEg91xmzi6dvOznwRNK/2fPwSzM3J\n"
    "Wp/Y3DMwlBNOvavKI6WjUzBRMB0GA1UdDgQWBBS/j+8qCjHr3QITEHjALnNV3TdN\n"
    "nDAfBgNVHSMEGDAWgBS/j+8qCjHr3QITEHjALnNV3TdNnDAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIA2G+u38qQawJzzvF+fyNwKojW7eezXDPmOR\n"
    "OaR60V1BAiEA5B8/ZbvWuO2M+CddI+2MZsbhN+5lIFv7i9ngjnwcaJA=\n"
    "-----END CERTIFICATE-----\n";

static const char rsa_512_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALJFUXNS9X10vCxsu7M5a4fx0M+5mQUL\n"
    "3/3Wor4Tm/3RpUePjgg2suJ11aAzg4ShcG9A3uLZv06PjU2ULCJF55ECAwEAAQ==\n"
    "-----END PUBLIC KEY-----\n";

static const char secp256k1_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEeVw5NdsdV5Gpye6v2R/lyV5fQSS83fhV\n"
    "GMkYrnFnf1A3Hjf/q0tigH7Hqq+W2hmwUc5qk4i7BynoSdt9f14U+A==\n"
    "-----END PUBLIC KEY-----\n";

static const char ed25519_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAut1TSzWLLzy4HPn8so+pzO3FCitgINdOLf1/2Sf5rQ0=\n"
    "-----END PUBLIC KEY-----\n";

#endif
