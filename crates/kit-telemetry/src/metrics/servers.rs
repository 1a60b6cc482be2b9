//! The servers of the app, by the meters of their drivers.

use kit_app::AppHandle;
use kit_transport::Cut;

use super::catalogue::{
    SERVER_ACTIVE_REQUESTS, SERVER_CONNECTIONS, SERVER_CUTS, SERVER_OPEN_CONNECTIONS,
    SERVER_REFUSED, SERVER_REQUESTS,
};
use super::sample::Samples;

/// Components without traffic, such as workers, have no value.
pub(super) fn collect(app: &AppHandle, samples: &mut Samples) {
    for component in app.components() {
        let Some(traffic) = component.meter.traffic() else {
            continue;
        };
        let server = || [component.name.clone()];
        let open = traffic.open_connections;
        samples.add_size(&SERVER_OPEN_CONNECTIONS, server(), open);
        samples.add_count(&SERVER_CONNECTIONS, server(), traffic.connections);
        let in_flight = traffic.requests_in_flight;
        samples.add_size(&SERVER_ACTIVE_REQUESTS, server(), in_flight);
        samples.add_count(&SERVER_REQUESTS, server(), traffic.requests);
        samples.add_count(&SERVER_REFUSED, server(), traffic.refused_handshakes);
        for kind in [Cut::Request, Cut::Stream, Cut::Connection] {
            let labels = [component.name.clone(), kind.to_string()];
            samples.add_size(&SERVER_CUTS, labels, component.meter.count_of(kind));
        }
    }
}
