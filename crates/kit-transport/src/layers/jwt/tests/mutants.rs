//! Tokens of an attacker that knows the public keys and has seen valid tokens.

use std::collections::BTreeMap;

use serde_json::Value;

use super::signer::{Signer, encode};
use crate::layers::jwt::{Algorithm, Bearer, Keys, pem};

const NOW: f64 = 1_800_000_000.0;
const CLAIMS: &str =
    r#"{"sub":"alice","iss":"https://id","aud":"orders","exp":1900000000,"nbf":1}"#;

/// The same numbers at each run: xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most))
            .map(|_| self.next().to_le_bytes()[0])
            .collect()
    }
}

/// A server with a key of each family, and what its attacker has.
struct Attack {
    random: Random,
    bearer: Bearer<Value>,
    issuers: Vec<(Signer, &'static str)>,
    /// With keys that the server does not know.
    strangers: Vec<Signer>,
    valid: Vec<String>,
}

impl Attack {
    fn new() -> Attack {
        let issuers: Vec<_> = [
            (Algorithm::Hs256, "hs"),
            (Algorithm::EdDsa, "ed"),
            (Algorithm::Es256, "es"),
            (Algorithm::Es384, "es384"),
            (Algorithm::Hs512, "hs512"),
            (Algorithm::Rs256, "rs"),
            (Algorithm::Ps256, "ps"),
        ]
        .map(|(algorithm, id)| (Signer::new(algorithm), id))
        .into();
        let keys = issuers.iter().map(|(signer, id)| signer.key(Some(id)));
        let bearer = Bearer::new(Keys::new(keys).unwrap())
            .issuer("https://id")
            .audience("orders")
            .require("sub");
        let valid = issuers
            .iter()
            .map(|(signer, id)| signer.token(signer.head(Some(id)), CLAIMS))
            .collect();
        let strangers = [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256].map(Signer::new);
        Attack {
            random: Random(0x9e37_79b9_7f4a_7c15),
            bearer,
            issuers,
            strangers: strangers.into(),
            valid,
        }
    }

    /// One of the signers that are quick: RSA takes a thousand times as long.
    fn signer(&mut self) -> (&Signer, &'static str) {
        let (signer, id) = &self.issuers[self.random.below(3)];
        (signer, id)
    }

    fn valid_parts(&mut self) -> Vec<String> {
        let token = &self.valid[self.random.below(self.valid.len())];
        token.split('.').map(str::to_owned).collect()
    }

    /// What the server's issuer would never sign.
    fn wrong_claims(&mut self) -> String {
        let end = 1_799_999_940 - self.random.below(1_000_000);
        let begin = 1_800_000_061 + self.random.below(1_000_000);
        let half = format!("{}.5", 1_799_999_939 - self.random.below(1000));
        let usual = r#""sub":"alice","iss":"https://id","aud":"orders""#;
        match self.random.below(8) {
            0 => format!(r#"{{{usual},"exp":{end}}}"#),
            1 => format!(r#"{{{usual},"exp":{half}}}"#),
            2 => format!(r#"{{{usual},"exp":1900000000,"nbf":{begin}}}"#),
            3 => {
                let wrong = ["null", "true", r#""1900000000""#, "1e999", "-1", "[]", "{}"];
                format!(r#"{{{usual},"exp":{}}}"#, self.random.one(&wrong))
            }
            4 => {
                let aud = [
                    "\"order\"",
                    "\"orders \"",
                    "[]",
                    "null",
                    "7",
                    r#"["a",["orders"]]"#,
                ];
                let aud = self.random.one(&aud);
                format!(r#"{{"sub":"a","iss":"https://id","exp":1900000000,"aud":{aud}}}"#)
            }
            5 => {
                let iss = ["\"https://ID\"", "\"\"", "null", r#"["https://id"]"#, "{}"];
                let iss = self.random.one(&iss);
                format!(r#"{{"sub":"a","aud":"orders","exp":1900000000,"iss":{iss}}}"#)
            }
            6 => {
                let name = self.random.one(&["sub", "iss", "aud", "exp"]);
                let mut claims: BTreeMap<String, Value> = serde_json::from_str(CLAIMS).unwrap();
                claims.remove(name);
                serde_json::to_string(&claims).unwrap()
            }
            _ => {
                let double = [
                    r#""exp":1"#,
                    r#""iss":"https://id""#,
                    r#""\u0061ud":"orders""#,
                ];
                CLAIMS.replacen('{', &format!("{{{},", self.random.one(&double)), 1)
            }
        }
    }

    /// One of the ways to write a token that must not be accepted, with the way's name.
    ///
    /// The first ones change a valid token without the key, the next ones sign with a key that is public
    /// or of a stranger, the last ones are signed by the issuer and say what must be refused.
    fn mutant(&mut self) -> (&'static str, Vec<u8>) {
        let (name, token) = match self.random.below(16) {
            0 => ("flipped", self.flipped()),
            1 => ("cut or extended", self.resized()),
            2 => ("other characters", self.with_a_character()),
            3 => ("no algorithm", self.without_algorithm()),
            4 => ("other algorithm", {
                let parts = self.valid_parts();
                let names = [
                    "RS256", "HS256", "ES256", "EdDSA", "PS512", "HS384", "Ed25519", "hs256",
                ];
                let ids = ["hs", "ed", "es", "rs", "x", ""];
                let (name, id) = (self.random.one(&names), self.random.one(&ids));
                let spaces = " ".repeat(1 + self.random.below(20));
                let head = format!(r#"{{"alg":"{name}","kid":"{id}"{spaces}}}"#);
                format!("{}.{}.{}", encode(head), parts[1], parts[2]).into_bytes()
            }),
            5 => ("mixed", {
                let (one, other) = (self.valid_parts(), self.valid_parts());
                if one[2] == other[2] {
                    b"..".to_vec()
                } else {
                    format!("{}.{}.{}", one[0], one[1], other[2]).into_bytes()
                }
            }),
            6 => ("parts", {
                let parts = self.valid_parts();
                let [h, p, s] = [&parts[0], &parts[1], &parts[2]];
                let several = [
                    format!("{h}.{p}"),
                    format!("{h}.{p}."),
                    format!(".{p}.{s}"),
                    format!("{h}..{s}"),
                    format!("{h}.{p}.{s}."),
                    format!("{h}.{p}.{s}.{s}"),
                    format!(".{h}.{p}.{s}"),
                    format!("{h}.{h}.{s}"),
                    "..".to_owned(),
                ];
                several[self.random.below(several.len())]
                    .clone()
                    .into_bytes()
            }),
            7 => ("huge", {
                let head = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(12_000));
                let (signer, _) = self.signer();
                signer.token(head, CLAIMS).into_bytes()
            }),
            8 => ("noise", self.random.bytes(200)),
            9 => ("public key as a secret", self.by_public_key()),
            10 => ("stranger", {
                let stranger = &self.strangers[self.random.below(3)];
                let claims = CLAIMS.replace("alice", &self.random.next().to_string());
                let ids = ["hs", "ed", "es", "rs"];
                let head = stranger.head(Some(self.random.one(&ids)));
                stranger.token(head, claims).into_bytes()
            }),
            11 => ("foreign id", {
                let ids = ["HS", "hs ", "../hs", "x", "", "\\u0000hs", "null"];
                let id = self.random.one(&ids);
                let (signer, _) = self.signer();
                signer.token(signer.head(Some(id)), CLAIMS).into_bytes()
            }),
            12 => ("head", {
                let extra = [
                    r#""crit":["exp"]"#,
                    r#""crit":[]"#,
                    r#""crit":null"#,
                    r#""kid":"hs""#,
                    r#""alg":"HS256""#,
                    r#""a":{"b":1,"b":2}"#,
                ];
                let extra = self.random.one(&extra);
                let (signer, id) = self.signer();
                let head = signer
                    .head(Some(id))
                    .replacen('{', &format!("{{{extra},"), 1);
                signer.token(head, CLAIMS).into_bytes()
            }),
            13 => ("no JSON", {
                let mut claims = CLAIMS.as_bytes().to_vec();
                let at = 1 + self.random.below(claims.len() - 1);
                match self.random.below(3) {
                    0 => claims.truncate(at),
                    1 => claims.insert(at, 0xff),
                    _ => claims.extend_from_slice(b"x"),
                }
                let (signer, id) = self.signer();
                signer.token(signer.head(Some(id)), claims).into_bytes()
            }),
            _ => ("claims", {
                let claims = self.wrong_claims();
                let (signer, id) = self.signer();
                signer.token(signer.head(Some(id)), claims).into_bytes()
            }),
        };
        (name, token)
    }

    fn flipped(&mut self) -> Vec<u8> {
        let mut token = self.valid_parts().join(".").into_bytes();
        for _ in 0..=self.random.below(3) {
            let at = self.random.below(token.len());
            token[at] ^= 1 << self.random.below(8);
        }
        token
    }

    fn resized(&mut self) -> Vec<u8> {
        let mut parts = self.valid_parts();
        let at = self.random.below(3);
        let letters = ["A", "AA", "AAA", "AAAA", "-", "_w"];
        let part = &mut parts[at];
        match self.random.below(3) {
            0 => part.truncate(self.random.below(part.len())),
            1 => part.push_str(self.random.one(&letters)),
            _ => part.insert_str(self.random.below(part.len()), self.random.one(&letters)),
        }
        parts.join(".").into_bytes()
    }

    fn with_a_character(&mut self) -> Vec<u8> {
        let mut token = self.valid_parts().join(".").into_bytes();
        let character = self.random.one(&[
            &b" "[..],
            b"\t",
            b"\n",
            b"\r\n",
            b"=",
            b"==",
            b"+",
            b"/",
            b"%3D",
            b"\0",
            b"\xc2\xa0",
            b"\xff",
            b",",
            b"\"",
            b"~",
        ]);
        let at = match self.random.below(8) {
            0 => 0,
            1 => token.len(),
            _ => self.random.below(token.len()),
        };
        token.splice(at..at, character.iter().copied());
        token
    }

    fn without_algorithm(&mut self) -> Vec<u8> {
        let mut none = String::new();
        for letter in "none".chars() {
            match self.random.below(2) {
                0 => none.push(letter),
                _ => none.push(letter.to_ascii_uppercase()),
            }
        }
        let upper = format!("\"{none}\"");
        let named = [
            &upper[..],
            "\"none \"",
            "\" none\"",
            "\"n\\u006fne\"",
            "\"\"",
            "null",
            "0",
            "[\"none\"]",
            "\"none\\u0000\"",
        ];
        let alg = self.random.one(&named);
        let id = self
            .random
            .one(&["", r#","kid":"hs""#, r#","kid":"rs""#, r#","kid":"none""#]);
        let head = match self.random.below(6) {
            0 => "{}".to_owned(),
            _ => format!(r#"{{"alg":{alg}{id}}}"#),
        };
        let signature = match self.random.below(3) {
            0 => String::new(),
            1 => self.valid_parts().remove(2),
            _ => encode(self.random.bytes(64)),
        };
        format!("{}.{}.{signature}", encode(head), encode(CLAIMS)).into_bytes()
    }

    /// Signed by HMAC with bytes that everyone knows.
    fn by_public_key(&mut self) -> Vec<u8> {
        let text = include_bytes!("openssl/rsa.pem");
        let (_, der) = pem::block(text).unwrap();
        let trimmed = text.trim_ascii_end();
        let secret = self
            .random
            .one(&[&text[..], trimmed, &der, b"", b"rs", &[0; 32]]);
        let (alg, with) = match self.random.below(3) {
            0 => ("HS256", ring::hmac::HMAC_SHA256),
            1 => ("HS384", ring::hmac::HMAC_SHA384),
            _ => ("HS512", ring::hmac::HMAC_SHA512),
        };
        let id = self
            .random
            .one(&[r#","kid":"rs""#, r#","kid":"ps""#, r#","kid":"hs""#, ""]);
        let head = format!(r#"{{"alg":"{alg}"{id}}}"#);
        let message = format!("{}.{}", encode(head), encode(CLAIMS));
        let key = ring::hmac::Key::new(with, secret);
        let signature = ring::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", encode(signature)).into_bytes()
    }
}

/// Makes this many; none is accepted, and all valid tokens stay so.
fn attack(count: usize) {
    let mut attack = Attack::new();
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    let valid = attack.valid.clone();
    for number in 0..count {
        let (name, token) = attack.mutant();
        *tried.entry(name).or_default() += 1;
        if let Ok(claims) = attack.bearer.claims_of(&token, NOW) {
            // Bits that are flipped twice are the token itself.
            let is_itself = valid.iter().any(|valid| valid.as_bytes() == token);
            let token = String::from_utf8_lossy(&token);
            assert!(is_itself, "{name}: {token} was accepted as {claims}");
        }
        if number % 1000 == 0 {
            for token in &valid {
                attack
                    .bearer
                    .claims_of(token.as_bytes(), NOW)
                    .expect("it is valid");
            }
        }
    }
    assert_eq!(tried.len(), 15, "{tried:?}");
    assert!(tried.values().all(|&times| times > count / 32), "{tried:?}");
}

#[test]
fn no_mutant_of_a_token_is_accepted() {
    attack(20_000);
}

#[test]
#[ignore = "takes minutes: a million tokens"]
fn no_mutant_of_a_token_is_accepted_among_a_million() {
    attack(1_000_000);
}
