//! The schemes of Consul, with the feature `consul`.

use kit_registry::Schemes;

pub(super) fn add_to(schemes: &mut Schemes) {
    kit_registry_consul::add_to(schemes);
}

#[cfg(test)]
mod tests {
    use crate::registration::schemes;

    #[test]
    fn an_app_knows_the_scheme() {
        schemes().check("consul://127.0.0.1:8500").unwrap();
    }
}
