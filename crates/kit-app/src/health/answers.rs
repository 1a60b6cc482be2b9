//! The answers to probes, as servers find them.

use kit_transport::{ProbeAnswer, Probed, Probes};

use crate::AppHandle;

/// The answers of this app, for its servers.
pub(crate) fn answers(app: AppHandle) -> Probes {
    Probes::new(move |what, is_verbose| {
        let probe = match what {
            Probed::Live => app.liveness(),
            Probed::Started => app.startup(),
            // A question that this crate does not know is one about traffic.
            _ => app.readiness(),
        };
        ProbeAnswer {
            passes: probe.passes,
            text: if is_verbose {
                probe.to_string()
            } else {
                probe.summary()
            },
        }
    })
}
