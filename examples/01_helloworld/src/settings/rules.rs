//! The rules of the settings: the load refuses them, and not first the start.

use std::time::Duration;

use kit::registry::ServiceName;
use kit::units::WrongOption;
use kit_config::{Broken, Rules};

use super::HelloWorld;

impl Rules for HelloWorld {
    fn check(&self, broken: &mut Broken) {
        let options = self.options().check().into_iter();
        broken.refuse_options("", options.map(as_written));
        broken.refuse_options("http", self.http.check());
        broken.refuse_options("grpc", self.grpc.check());
        if self.request_timeout == Some(Duration::ZERO) {
            let message =
                "is 0s: it has to be longer than 0s; leave it out for the limits of clients";
            broken.refuse("request_timeout", message);
        }
        if let Some(delay) = self.drain_delay.filter(|delay| *delay > self.stop_timeout) {
            let [delay, stop] = [delay, self.stop_timeout].map(kit::units::format_duration);
            let message = format!("is {delay}: it has to be at most {stop}, the `stop_timeout`");
            broken.refuse(["drain_delay", "stop_timeout"], message);
        }
        refuse_one_address(self, broken);
        if let Err(error) = self.name.parse::<ServiceName>() {
            broken.refuse("name", error.to_string());
        }
        if let Err(error) = self.keys() {
            broken.refuse("secret_file", kit::sync::error_chain(&error));
        }
        for wrong in self.telemetry().check() {
            let wrong = match wrong.key() {
                "traces.endpoint" if self.traces.is_some() => wrong.named("traces"),
                _ => wrong.inside("telemetry"),
            };
            broken.refuse_options("", [wrong]);
        }
    }
}

/// Refuses an address that two servers would listen at.
fn refuse_one_address(settings: &HelloWorld, broken: &mut Broken) {
    let (http, grpc) = (("http", &settings.http), ("grpc", &settings.grpc));
    let admin = settings.admin.iter().map(|admin| ("admin", admin));
    let pairs = admin.flat_map(|admin| [(admin, http), (admin, grpc)]);
    for ((key, listen), (other, taken)) in pairs.chain([(grpc, http)]) {
        let message =
            format!("is {listen}, where `{other}` ({taken}) is: it has to be another place");
        broken.refuse_if(listen.has_place_of(taken), [key, other], message);
    }
}

/// A mistake in an option of Kit, at the setting that stands for the option.
fn as_written(wrong: WrongOption) -> WrongOption {
    let key = match wrong.key() {
        "timeouts.stop" => "stop_timeout".to_owned(),
        "registration.registries[0]" => "registry".to_owned(),
        // The setting is the address itself.
        key => key.replacen("admin.listen", "admin", 1),
    };
    wrong.named(key)
}
