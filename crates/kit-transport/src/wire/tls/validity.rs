//! The time in which certificates are valid, and remarks about those that are not.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

use crate::Context;
use crate::tls::Pem;

/// The time before its end, in seconds, from which a certificate is worth a line: its renewal is late
/// by then, as a rule, and there is time to mend that.
const SOON: u64 = 14 * DAY;
const DAY: u64 = 24 * 60 * 60;

/// The certificates of a server's chain, each with the state of the last remark.
#[derive(Debug, Default)]
pub(crate) struct Validities {
    all: Vec<Validity>,
}

/// One certificate's time, in seconds since 1970.
#[derive(Debug)]
struct Validity {
    begins: u64,
    ends: u64,
    remarked: ValidityState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValidityState {
    Valid,
    NotYet,
    Soon,
    Expired,
}

impl Validities {
    /// The certificates of a chain. One whose time cannot be read is taken for valid: its clients'
    /// handshakes decide.
    pub(crate) fn of(chain: &[CertificateDer<'_>]) -> Validities {
        let all = chain.iter().map(Validity::of).collect();
        Validities { all }
    }

    /// Remarks, once for each certificate and state, that it is not valid now or soon will not be, and
    /// the effect of that.
    pub(crate) fn remark(&mut self, from: &Pem, now: UnixTime, ctx: &Context) {
        for (place, validity) in self.all.iter_mut().enumerate() {
            let state = validity.state(now.as_secs());
            if std::mem::replace(&mut validity.remarked, state) == state {
                continue;
            }
            let (begins, ends) = (date(validity.begins), date(validity.ends));
            let which = format_args!("certificate {} of {from}", place + 1);
            match state {
                ValidityState::Valid => {}
                ValidityState::NotYet => ctx.remark(format!(
                    "{which} is not valid before {begins}, and clients refuse it until then"
                )),
                ValidityState::Soon => ctx.remark(format!("{which} expires soon, on {ends}")),
                ValidityState::Expired => ctx.remark(format!(
                    "{which} has expired on {ends}, and clients refuse it"
                )),
            }
        }
    }
}

impl Validity {
    /// Takes the dates from the errors of a check long before and long after them: webpki, which
    /// reads the dates, offers them in no other way, and checks them first.
    fn of(certificate: &CertificateDer<'_>) -> Validity {
        let at = |time: u64| {
            let parsed = EndEntityCert::try_from(certificate).ok()?;
            let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
            let usage = KeyUsage::server_auth();
            let verified = parsed.verify_for_usage(&[], &[], &[], time, usage, None, None);
            match verified.err()? {
                Error::CertNotValidYet { not_before, .. } => Some(not_before.as_secs()),
                Error::CertExpired { not_after, .. } => Some(not_after.as_secs()),
                _ => None,
            }
        };
        Validity {
            begins: at(0).unwrap_or(0),
            ends: at(u64::MAX).unwrap_or(u64::MAX),
            remarked: ValidityState::Valid,
        }
    }

    fn state(&self, now: u64) -> ValidityState {
        if now < self.begins {
            ValidityState::NotYet
        } else if now > self.ends {
            ValidityState::Expired
        } else if now > self.ends.saturating_sub(SOON) {
            ValidityState::Soon
        } else {
            ValidityState::Valid
        }
    }
}

/// `2026-11-27 02:00:00 UTC`. Days are counted from the first of March of year 0, so that a leap day
/// is the last of its year, in eras of 400 years, which have equally many.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / DAY + 719_468, seconds % DAY);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_that_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_767_225_599, "2025-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(date(seconds), text);
        }
        assert!(!date(u64::MAX).is_empty());
    }

    #[test]
    fn the_dates_of_a_certificate_of_any_role_are_read() {
        let begins = rcgen::date_time_ymd(2020, 2, 3);
        let ends = rcgen::date_time_ymd(2021, 3, 4);
        for is_ca in [
            rcgen::IsCa::NoCa,
            rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
        ] {
            let mut params = rcgen::CertificateParams::default();
            (params.not_before, params.not_after, params.is_ca) = (begins, ends, is_ca);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let validity = Validity::of(certificate.der());
            assert_eq!(date(validity.begins), "2020-02-03 00:00:00 UTC");
            assert_eq!(date(validity.ends), "2021-03-04 00:00:00 UTC");
        }
        let garbage = Validity::of(&CertificateDer::from(vec![0x30, 0x03]));
        assert_eq!(garbage.state(7), ValidityState::Valid);
    }

    #[test]
    fn two_weeks_before_its_end_is_soon() {
        let validity = Validity {
            begins: 100 * DAY,
            ends: 200 * DAY,
            remarked: ValidityState::Valid,
        };
        for (at, state) in [
            (100 * DAY - 1, ValidityState::NotYet),
            (100 * DAY, ValidityState::Valid),
            (186 * DAY, ValidityState::Valid),
            (186 * DAY + 1, ValidityState::Soon),
            (200 * DAY, ValidityState::Soon),
            (200 * DAY + 1, ValidityState::Expired),
        ] {
            assert_eq!(validity.state(at), state, "{at}");
        }
    }
}
