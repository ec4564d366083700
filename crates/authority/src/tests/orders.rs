//! Whatever the order of arrival, whoever was cut off from whom.
