//! User and password, and the token that one gets for them.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;
use tonic::metadata::{Ascii, MetadataValue};

use super::client::Client;
use super::failure::{Answer, answer};
use super::proto::etcdserverpb::AuthenticateRequest;
use super::proto::etcdserverpb::auth_client::AuthClient;
use super::url::Login;
use crate::Error;

type Token = MetadataValue<Ascii>;

/// A login and its token, shared by the connections of a cluster.
#[derive(Debug)]
pub(super) struct Auth {
    login: Login,
    state: Mutex<State>,
    /// Whether the log has a line that the login is of no use.
    is_told: AtomicBool,
}

#[derive(Debug)]
enum State {
    /// To be asked for.
    Unknown,
    Valid(Token),
    /// The server does not ask who we are.
    Disabled,
}

impl Auth {
    pub(super) fn new(login: Login) -> Auth {
        Auth {
            login,
            state: Mutex::new(State::Unknown),
            is_told: AtomicBool::new(false),
        }
    }

    /// The token; `None` when the server wants none. One call gets it while the others wait.
    pub(super) async fn token(&self, client: &Client) -> Result<Option<Token>, Error> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Valid(token) => return Ok(Some(token.clone())),
            State::Disabled => return Ok(None),
            State::Unknown => {}
        }
        *state = self.authenticate(client).await?;
        match &*state {
            State::Valid(token) => Ok(Some(token.clone())),
            _ => Ok(None),
        }
    }

    /// Gives up this token, unless somebody else already has a newer one.
    pub(super) async fn forget(&self, token: Option<&Token>) {
        let mut state = self.state.lock().await;
        let current = match &*state {
            State::Valid(current) => Some(current),
            _ => None,
        };
        if current == token {
            *state = State::Unknown;
        }
    }

    /// Gives up whatever token there is.
    pub(super) async fn forget_any(&self) {
        *self.state.lock().await = State::Unknown;
    }

    async fn authenticate(&self, client: &Client) -> Result<State, Error> {
        let attempt = format!("log in as {:?}", self.login.user);
        let request = AuthenticateRequest {
            name: self.login.user.clone(),
            password: self.login.password.clone(),
        };
        let answered = client
            .call_without_token(&attempt, |service| {
                let request = request.clone();
                async move { AuthClient::new(service).authenticate(request).await }
            })
            .await?;
        let refused = |why: String| Error::refused(&attempt, client.description(), Answer(why));
        match answered {
            Ok(response) => match response.token.parse::<Token>() {
                Ok(mut token) => {
                    token.set_sensitive(true);
                    Ok(State::Valid(token))
                }
                Err(_) => Err(refused("the token is not ASCII".to_owned())),
            },
            Err(status) if status.message().contains("authentication is not enabled") => {
                // A flag that guards nothing but the line.
                if !self.is_told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        registry = client.description(),
                        "user and password are not used: authentication is not enabled there"
                    );
                }
                Ok(State::Disabled)
            }
            Err(status) => Err(refused(answer(&status))),
        }
    }
}
