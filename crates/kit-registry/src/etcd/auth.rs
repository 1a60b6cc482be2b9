//! User and password, and the token that etcd gives for them.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;
use tonic::Response;

use super::cluster::{Cluster, Failed, TRY, Token};
use super::proto::etcdserverpb::AuthenticateRequest;
use super::proto::etcdserverpb::auth_client::AuthClient;
use super::url::Credentials;
use crate::{Error, Remarks};

/// A login and its token, shared by the clients of a cluster.
#[derive(Debug)]
pub(super) struct Auth {
    login: Credentials,
    state: Mutex<TokenState>,
    remarks: Remarks,
    /// Whether there was a remark that the login is not used.
    is_remarked: AtomicBool,
}

#[derive(Debug)]
enum TokenState {
    /// To be asked for.
    Unknown,
    Valid(Token),
    /// Authentication is switched off at the server.
    Disabled,
}

impl Auth {
    pub(super) fn new(login: Credentials, remarks: Remarks) -> Auth {
        Auth {
            login,
            state: Mutex::new(TokenState::Unknown),
            remarks,
            is_remarked: AtomicBool::new(false),
        }
    }

    /// The token; `None` when the server wants none. One call gets it while the others wait.
    pub(super) async fn token(&self, cluster: &Cluster) -> Result<Option<Token>, Error> {
        let mut state = self.state.lock().await;
        if matches!(*state, TokenState::Unknown) {
            *state = self.authenticate(cluster).await?;
        }
        Ok(state.token().cloned())
    }

    /// Gives up this token, unless another call has got a newer one meanwhile.
    pub(super) async fn forget(&self, token: Option<&Token>) {
        let mut state = self.state.lock().await;
        if state.token() == token {
            *state = TokenState::Unknown;
        }
    }

    /// Gives up the present token.
    pub(super) async fn forget_any(&self) {
        *self.state.lock().await = TokenState::Unknown;
    }

    /// Exchanges the login for a token, with a call that carries none.
    async fn authenticate(&self, cluster: &Cluster) -> Result<TokenState, Error> {
        let attempt = format!("log in as {:?}", self.login.user);
        let request = AuthenticateRequest {
            name: self.login.user.clone(),
            password: self.login.password.clone(),
        };
        let answered = cluster.call(TRY, &attempt, None, |service| {
            let request = request.clone();
            async move { AuthClient::new(service).authenticate(request).await }
        });
        match answered.await {
            Ok((response, _)) => match Response::into_inner(response).token.parse::<Token>() {
                Ok(mut token) => {
                    token.set_sensitive(true);
                    Ok(TokenState::Valid(token))
                }
                Err(_) => Err(cluster.refused(&attempt, "the token is not ASCII")),
            },
            Err(Failed::Refused(status, _))
                if status.message().contains("authentication is not enabled") =>
            {
                // Relaxed: the flag guards nothing but the remark.
                if !self.is_remarked.swap(true, Ordering::Relaxed) {
                    self.remarks.add(format!(
                        "{}: user and password are not used, because authentication is not enabled \
                         there",
                        cluster.description()
                    ));
                }
                Ok(TokenState::Disabled)
            }
            Err(failed) => Err(failed.into()),
        }
    }
}

impl TokenState {
    fn token(&self) -> Option<&Token> {
        match self {
            TokenState::Valid(token) => Some(token),
            TokenState::Unknown | TokenState::Disabled => None,
        }
    }
}
