//! The lists of parts of a script, in the order in which they are printed.

/// Gives the names of all lists to a macro, after whatever else it is to have.
macro_rules! for_each_list {
    ($then:ident!($($first:tt)*)) => {
        $then!($($first)* servers, workers, groups, jobs, hooks, reload_hooks, resources, registries, checks, last_steps)
    };
}

pub(crate) use for_each_list;
