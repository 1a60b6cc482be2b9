//! Where a server listens, and what becomes of its address when it stops.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use kit_units::WrongOption;

use crate::Inherited;
use crate::inherited::InheritedKey;

pub(crate) mod accept;
mod at;
mod bounds;
mod error;
pub(crate) mod listener;
#[cfg(not(unix))]
mod no_unix;
mod queue;
#[cfg(feature = "schema")]
mod schema;
mod steer;
mod tcp;
#[cfg(test)]
mod tests;
mod text;
mod trouble;
mod tuning;
#[cfg(unix)]
mod unix;
#[cfg(feature = "serde")]
mod written;
#[cfg(not(unix))]
use no_unix as unix;

use at::{At, Existing};
pub use error::ListenError;

/// Where a server listens, and how.
///
/// Socket addresses convert into it, and so do the texts of the table; port 0 lets the system choose.
///
/// | text | listens at |
/// |---|---|
/// | `:8000` | every interface, IPv6 and IPv4; IPv4 alone on a system without IPv6 |
/// | `localhost:8000` | `127.0.0.1`, which only this machine reaches; `[::1]` on a system without IPv4 |
/// | `10.0.0.7:8000`, `[fd00::7]:8000` | that address |
/// | `0.0.0.0:8000` | every interface, IPv4 alone |
/// | `[::]:8000` | every interface, IPv6 and IPv4 |
/// | `unix:/run/greeter.sock`, `unix:///run/greeter.sock` | a Unix socket; a relative path begins in the working directory |
/// | `inherited:0` | the first listener that the process was given, as [`Listen::inherited`] |
/// | `inherited:http` | the listener of that name, as [`Listen::inherited_named`] |
///
/// Names other than `localhost` are refused: the addresses of a name may change between two starts,
/// and may be several. [`FromStr`](std::str::FromStr) says what is wrong with a text, and so a flag
/// or a file that is parsed fails early: `std::env::var("HTTP")?.parse::<Listen>()?`. A wrong literal, as in
/// `http::Server::new("greeter:80", routes)`, fails the server's start with the same [`ListenError`]. There
/// is no conversion from a `String`: clap would prefer it to parsing, and take every text.
///
/// [`Display`](fmt::Display) writes the text that is parsed as the same place; other settings, such
/// as the backlog, are not part of it, and a listener that was passed in has no such text.
///
/// ```
/// use kit_transport::{HandOver, Listen};
///
/// let simple = Listen::from(([127, 0, 0, 1], 8000));
/// // The old and the new process both listen while one takes over from the other.
/// let rolling = Listen::from(":8000").hand_over(HandOver::ReusePort);
/// let local = Listen::unix("/run/greeter.sock").mode(0o660);
/// // From systemd, or from the process before this one (`LISTEN_FDS`).
/// let inherited = Listen::inherited(0);
///
/// let error = "http://0.0.0.0:8000".parse::<Listen>().unwrap_err();
/// assert!(error.to_string().ends_with("write `0.0.0.0:8000`"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it says where to listen, and does not listen"]
pub struct Listen {
    pub(crate) at: At,
    pub(crate) backlog: u32,
    pub(crate) no_delay: bool,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) mode: Option<u32>,
    pub(crate) hand_over: HandOver,
}

/// Which process serves new connections once a server stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum HandOver {
    /// None: the listener closes at once, and clients are refused. The default, and right behind a
    /// balancer that has taken the instance out before.
    #[default]
    None,
    /// One that has the same listening socket, such as systemd or the process that inherits it:
    /// connections that were not accepted stay in the queue for it.
    SharedListener,
    /// A process that has bound the same address with `SO_REUSEPORT` after this one: one old process
    /// and one new one, of which the old one stops. It steers new connections to the new one (by a
    /// socket filter that picks the second socket of the port's group, on Linux; where the system
    /// cannot, the kernel goes on dividing them), accepts for 200 ms more, at most a fifth of the
    /// time until the deadline, and empties its queue before it closes it. With more processes on one port, or when
    /// it is the newer one that stops, the second socket may be the wrong one.
    ReusePort,
}

impl Listen {
    fn new(at: At) -> Listen {
        Listen {
            at,
            backlog: 1024,
            no_delay: true,
            keep_alive: Some(Duration::from_secs(15)),
            mode: None,
            hand_over: HandOver::None,
        }
    }

    /// Every mistake: a literal that is no address, a path that no socket can have, and settings beside it. A
    /// server with any of it does not start.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_transport::Listen;
    ///
    /// let wrong = Listen::from(":8000").keep_alive(Duration::from_millis(1)).check();
    /// assert_eq!(
    ///     wrong[0].to_string(),
    ///     "`keep_alive` is 1ms: it has to be from 1s to 9h 6m 7s, or \"off\""
    /// );
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let mut wrong = self.check_tuning();
        wrong.extend(self.refuse_unusable().err().map(ListenError::into_wrong));
        wrong
    }

    /// Whether one of both cannot be bound while the other is: they have the same fixed port of an interface that both
    /// take, or the same path or inherited listener. With [`HandOver::ReusePort`] at both, a port can be shared.
    ///
    /// ```
    /// use kit_transport::Listen;
    ///
    /// let everywhere = Listen::from(":8000");
    /// assert!(everywhere.has_place_of(&"127.0.0.1:8000".into()));
    /// assert!(!everywhere.has_place_of(&":9000".into()));
    /// assert!(!Listen::from(":0").has_place_of(&":0".into()));
    /// ```
    #[must_use]
    pub fn has_place_of(&self, other: &Listen) -> bool {
        let reuse = |listen: &Listen| listen.hand_over == HandOver::ReusePort;
        self.at.is_place_of(&other.at, reuse(self) && reuse(other))
    }

    /// Every mistake beside a literal that is no address.
    pub(crate) fn check_tuning(&self) -> Vec<WrongOption> {
        let keep_alive = self.keep_alive.and_then(bounds::refuse_keep_alive);
        let mode = self.mode.and_then(|mode| {
            let value = format!("{mode:04o}");
            WrongOption::refuse_if(
                mode > 0o7777,
                "mode",
                value,
                "at most 7777, in octal digits",
            )
        });
        let (path, hand_over) = match &self.at {
            At::Unix(path) => {
                let is_twice = self.hand_over == HandOver::ReusePort;
                let expected = "\"none\" or \"shared-listener\" with a Unix socket, as a path cannot \
                                be bound twice";
                let hand_over =
                    WrongOption::refuse_if(is_twice, "hand_over", "\"reuse-port\"", expected);
                (bounds::refuse_path(path), hand_over)
            }
            _ => (None, None),
        };
        let all = [path, hand_over, keep_alive, mode];
        all.into_iter().flatten().collect()
    }

    pub(crate) fn refuse_unusable(&self) -> Result<(), ListenError> {
        match &self.at {
            At::Unusable(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// At a Unix socket. A socket file at which no process listens any more is replaced; the file
    /// is removed when the server stops listening.
    pub fn unix(path: impl Into<PathBuf>) -> Listen {
        Listen::new(At::Unix(path.into()))
    }

    /// At a listener that is bound already. The first start takes it; a second one fails.
    pub fn existing(listener: impl Into<Inherited>) -> Listen {
        Listen::new(At::Existing(Existing::new(listener.into())))
    }

    /// At the `index`th listener (from 0) that the process was given by `LISTEN_FDS`, as systemd's
    /// socket activation does. The process that gave it still has it, so the hand-over is
    /// [`SharedListener`](HandOver::SharedListener).
    pub fn inherited(index: usize) -> Listen {
        Listen::at_inherited(InheritedKey::Index(index))
    }

    /// The same by its name, which `LISTEN_FDNAMES` gives: systemd takes it from `FileDescriptorName=` of
    /// the socket unit. Names stay right when a socket is added, and numbers may not. A name that two
    /// listeners have is an error at the start, and so is one that is not there; the error lists those that
    /// are.
    ///
    /// ```
    /// use kit_transport::Listen;
    ///
    /// let listen = Listen::inherited_named("http");
    /// assert_eq!(listen.to_string(), "inherited:http");
    /// ```
    pub fn inherited_named(name: &str) -> Listen {
        match InheritedKey::name(name) {
            Ok(wanted) => Listen::at_inherited(wanted),
            Err(why) => {
                let text = format!("inherited:{name}");
                Listen::new(At::Unusable(ListenError::new(&text, why)))
            }
        }
    }

    fn at_inherited(wanted: InheritedKey) -> Listen {
        Listen::new(At::Inherited(wanted)).hand_over(HandOver::SharedListener)
    }

    /// How many connections the system queues until they are accepted; the system may set a lower
    /// limit (`net.core.somaxconn`). Has no effect on a listener from outside. Default: 1024.
    pub fn backlog(self, connections: u32) -> Listen {
        Listen {
            backlog: connections,
            ..self
        }
    }

    /// Whether small writes leave at once (`TCP_NODELAY`) instead of waiting until the bytes before
    /// them are acknowledged. Default: yes.
    pub fn no_delay(self, no_delay: bool) -> Listen {
        Listen { no_delay, ..self }
    }

    /// How often the system asks a silent client whether it is still there, so that a stream to a
    /// client that has vanished ends; in whole seconds, from 1 to 32 767. Default: every 15 s;
    /// `None` never asks.
    pub fn keep_alive(self, every: impl Into<Option<Duration>>) -> Listen {
        Listen {
            keep_alive: every.into(),
            ..self
        }
    }

    /// The permissions of a Unix socket's file, such as `0o660`. Default: those that the process'
    /// umask leaves.
    pub fn mode(self, mode: u32) -> Listen {
        Listen {
            mode: Some(mode),
            ..self
        }
    }

    /// Which process takes over. Default: [`HandOver::None`].
    pub fn hand_over(self, hand_over: HandOver) -> Listen {
        Listen { hand_over, ..self }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Listen, ListenError> {
        Ok(match text::parse(text)? {
            At::Inherited(wanted) => Listen::at_inherited(wanted),
            at => Listen::new(at),
        })
    }
}

/// For literals. The conversion never fails: if the text is wrong, the start of the server does. For
/// a text from outside there is [`FromStr`], which fails at once, and which parsers of command lines
/// find.
impl From<&'static str> for Listen {
    fn from(text: &'static str) -> Listen {
        let parsed = text.parse();
        parsed.unwrap_or_else(|error| Listen::new(At::Unusable(error)))
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Listen {
        Listen::new(At::Address(address))
    }
}

macro_rules! listen_from {
    ($($address:ty),*) => {$(
        impl From<$address> for Listen {
            fn from(address: $address) -> Listen {
                Listen::from(SocketAddr::from(address))
            }
        }
    )*};
}

listen_from!(
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16),
    ([u8; 4], u16),
    ([u16; 8], u16)
);
