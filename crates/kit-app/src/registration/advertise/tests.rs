use super::*;

const OTHERS: bool = true;

fn advertise(
    advertise: &Advertise,
    listening: &[Listening],
    found: &[&str],
    seen_by_others: bool,
) -> Result<Advertised, Error> {
    let found: Vec<IpAddr> = found.iter().map(|ip| ip.parse().unwrap()).collect();
    advertise.endpoints(listening, || Ok(found.clone()), seen_by_others)
}

fn http(address: &str) -> Listening {
    Listening::tcp("http", address.parse().unwrap())
}

/// The endpoint of one server on a machine with these addresses, and the warning for it.
#[track_caller]
fn one(listening: Listening, found: &[&str]) -> (String, Option<String>) {
    let all = [listening, Listening::unix("http", "service.sock")];
    let advertised = advertise(&Advertise::default(), &all, found, OTHERS).unwrap();
    let [endpoint] = &advertised.endpoints[..] else {
        panic!("{advertised:?}")
    };
    assert_eq!(advertised.loopback.len(), advertised.why.len());
    (endpoint.to_string(), advertised.why.first().cloned())
}

const MACHINE: [&str; 6] = [
    "127.0.0.1",
    "fe80::1",
    "fd00::7",
    "169.254.0.1",
    "10.0.0.7",
    "10.0.0.8",
];

#[test]
fn the_listening_address_is_advertised_and_a_unix_socket_is_not() {
    for (address, endpoint) in [
        ("10.0.0.7:80", "http://10.0.0.7:80"),
        ("[fd00::7]:80", "http://[fd00::7]:80"),
        ("[::ffff:10.0.0.7]:80", "http://10.0.0.7:80"),
    ] {
        assert_eq!(one(http(address), &[]), (endpoint.to_owned(), None));
    }
}

#[test]
fn an_unspecified_address_becomes_that_of_an_interface_in_a_family_that_is_listened_at() {
    let v6 = ["127.0.0.1", "::1", "fe80::1", "fd00::7"];
    let v4 = ["127.0.0.1", "::1", "fe80::1", "10.0.0.7"];
    for (listening, found, endpoint) in [
        (http("0.0.0.0:80"), &MACHINE[..], "http://10.0.0.7:80"),
        (http("[::]:80"), &MACHINE[..], "http://10.0.0.7:80"),
        (
            http("[::]:80").only_ipv6(),
            &MACHINE[..],
            "http://[fd00::7]:80",
        ),
        (http("[::]:80"), &v6[..], "http://[fd00::7]:80"),
        (http("[::]:80"), &v4[..], "http://10.0.0.7:80"),
        (http("0.0.0.0:80"), &v4[..], "http://10.0.0.7:80"),
    ] {
        assert_eq!(one(listening, found), (endpoint.to_owned(), None));
    }
}

#[test]
fn a_machine_without_an_address_for_it_shows_loopback_and_says_why() {
    for (listening, found, endpoint, said) in [
        (
            http("0.0.0.0:80"),
            &["127.0.0.1", "169.254.0.1"][..],
            "http://127.0.0.1:80",
            "advertise_host",
        ),
        (
            http("0.0.0.0:80"),
            &[],
            "http://127.0.0.1:80",
            "no interface",
        ),
        (
            http("[::]:80"),
            &["::1"],
            "http://127.0.0.1:80",
            "no interface",
        ),
        // Nothing listens at the address that the machine has.
        (
            http("0.0.0.0:80"),
            &["127.0.0.1", "fd00::7"],
            "http://127.0.0.1:80",
            "such as fd00::7; a server at `:8000` takes both",
        ),
        (
            http("[::]:80").only_ipv6(),
            &["10.0.0.7"],
            "http://[::1]:80",
            "such as 10.0.0.7; a server at `:8000` takes both",
        ),
    ] {
        let (shown, why) = one(listening.clone(), found);
        assert_eq!(shown, endpoint);
        let why = why.expect("a warning");
        assert!(
            why.contains(said) && why.contains(&listening.to_string()),
            "{why}"
        );
    }
}

#[test]
fn an_address_that_only_this_machine_reaches_is_warned_about() {
    for (address, endpoint) in [
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("127.9.9.9:80", "http://127.9.9.9:80"),
        ("[::1]:80", "http://[::1]:80"),
    ] {
        let (shown, why) = one(http(address), &MACHINE);
        assert_eq!(shown, endpoint);
        assert!(why.expect("a warning").contains("for this machine alone"));
    }
}

#[test]
fn each_reason_is_said_once() {
    let all = [http("0.0.0.0:80"), http("0.0.0.0:80"), http("127.0.0.1:81")];
    let advertised = advertise(&Advertise::default(), &all, &[], OTHERS).unwrap();
    assert_eq!(advertised.loopback.len(), 3);
    assert_eq!(advertised.why.len(), 2);
}

#[test]
fn a_private_server_is_not_advertised_wherever_it_listens() {
    let all = [
        http("10.0.0.7:80"),
        http("127.0.0.1:9090").private(),
        http("0.0.0.0:9091").private(),
    ];
    let advertised = advertise(&Advertise::default(), &all, &[], OTHERS).unwrap();
    let shown: Vec<_> = advertised.endpoints.iter().map(Endpoint::as_str).collect();
    assert_eq!(shown, ["http://10.0.0.7:80"]);
    assert!(advertised.loopback.is_empty());
    let with_host = Advertise {
        host: Some("node7.example".to_owned()),
        ..Advertise::default()
    };
    let advertised = advertise(&with_host, &all, &[], OTHERS).unwrap();
    let shown: Vec<_> = advertised.endpoints.iter().map(Endpoint::as_str).collect();
    assert_eq!(shown, ["http://node7.example:80"]);
}

#[test]
fn interfaces_that_cannot_be_listed_are_an_error_when_others_read_the_registry() {
    let fails = || Err(io::Error::other("not permitted"));
    let listening = [http("0.0.0.0:80")];
    let alone = Advertise::default().endpoints(&listening, fails, !OTHERS);
    assert_eq!(alone.unwrap().endpoints[0].as_str(), "http://127.0.0.1:80");
    let error = Advertise::default().endpoints(&listening, fails, OTHERS);
    let error = error.unwrap_err().to_string();
    for said in ["http://0.0.0.0:80", "could not be listed", "not permitted"] {
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_authors_host_and_endpoints_win_and_are_looked_at_all_the_same() {
    let listening = [http("0.0.0.0:80")];
    for (host, is_loopback) in [
        ("node7.example", false),
        ("localhost.example", false),
        ("localhost", true),
        ("LocalHost.", true),
        ("greeter.localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("0.0.0.0", true),
    ] {
        let host_given = Advertise {
            host: Some(host.to_owned()),
            ..Advertise::default()
        };
        let advertised = advertise(&host_given, &listening, &[], OTHERS).unwrap();
        assert_eq!(advertised.endpoints[0].host(), host);
        assert_eq!(!advertised.loopback.is_empty(), is_loopback, "{host}");
        let why = advertised.why.concat();
        assert_eq!(why.contains("`advertise_host`"), is_loopback, "{why}");
        let given = Advertise {
            endpoints: vec![Endpoint::new("https", host, 443).unwrap()],
            host: Some("unused.example".to_owned()),
        };
        let advertised = advertise(&given, &listening, &[], OTHERS).unwrap();
        assert_eq!(advertised.endpoints, given.endpoints);
        assert_eq!(!advertised.loopback.is_empty(), is_loopback, "{host}");
        let why = advertised.why.concat();
        assert_eq!(why.contains("`endpoint`"), is_loopback, "{why}");
    }
}

#[test]
fn the_addresses_are_those_of_this_machine() {
    let found = interfaces().unwrap();
    let loopback = |address: &IpAddr| address.is_loopback();
    assert!(found.iter().any(loopback), "{found:?}");
}
