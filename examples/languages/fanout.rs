// SPDX-License-Identifier: MIT
// Reads files at the same time, and prints the outcome of each, in Rust:
//
//    rustc fanout.rs -L DIRECTORY-OF-LIBAVOW -l avow -l uv
//    ./fanout FILE...
use std::ffi::{c_void, CStr, CString, OsString};
use std::os::raw::{c_char, c_int};
use std::os::unix::ffi::OsStrExt;

const LIMIT: usize = 64 * 1024 * 1024;
const FULFILLED: c_int = 1;

#[repr(C)]
union Payload {
    i: i64,
    d: f64,
    p: *mut c_void,
}

#[repr(C)]
struct Value {
    tag: u32,
    code: i32,
    u: Payload,
}

#[repr(C)]
struct Outcome {
    index: usize,
    status: c_int,
    value: *const Value, // or the reason
}

type Loop = *mut c_void;
type Promise = *mut c_void;

extern "C" {
    fn uv_default_loop() -> Loop;
    fn uv_loop_close(of: Loop) -> c_int;
    fn avow_loop_init(of: Loop, options: *const c_void) -> c_int;
    fn avow_loop_close(of: Loop) -> c_int;
    fn avow_read_file(of: Loop, path: *const c_char, max_bytes: usize) -> Promise;
    fn avow_timeout(p: Promise, ms: u64) -> Promise;
    fn avow_all_settled(of: Loop, ps: *const Promise, n: usize) -> Promise;
    fn avow_run(p: Promise) -> Value;
    fn avow_outcome_at(list: *const Value, i: usize) -> Outcome;
    fn avow_to_bytes(v: *const Value, len: *mut usize) -> *const c_char;
    fn avow_error_message(v: *const Value) -> *const c_char;
    fn avow_value_unref(v: Value);
}

/// Owns a value, and releases it.
struct Owned(Value);

impl Drop for Owned {
    fn drop(&mut self) {
        let v = std::mem::replace(&mut self.0, Value { tag: 0, code: 0, u: Payload { i: 0 } });
        unsafe { avow_value_unref(v) }
    }
}

/// The number of bytes, or the message of the error.
fn outcome(list: &Owned, i: usize) -> Result<usize, String> {
    unsafe {
        let o = avow_outcome_at(&list.0, i);
        if o.status != FULFILLED {
            let message = CStr::from_ptr(avow_error_message(o.value));
            return Err(message.to_string_lossy().into_owned());
        }
        let mut len = 0;
        avow_to_bytes(o.value, &mut len);
        Ok(len)
    }
}

fn read_all(of: Loop, paths: &[OsString]) -> Owned {
    let start = |path: &OsString| {
        let path = CString::new(path.as_bytes()).expect("a path without NUL");
        unsafe { avow_timeout(avow_read_file(of, path.as_ptr(), LIMIT), 5000) }
    };
    let reads: Vec<Promise> = paths.iter().map(start).collect();
    unsafe { Owned(avow_run(avow_all_settled(of, reads.as_ptr(), reads.len()))) }
}

fn main() {
    let paths: Vec<OsString> = std::env::args_os().skip(1).collect();
    let of = unsafe { uv_default_loop() };
    assert_eq!(unsafe { avow_loop_init(of, std::ptr::null()) }, 0);
    let list = read_all(of, &paths);
    for (i, path) in paths.iter().enumerate() {
        let path = path.to_string_lossy();
        match outcome(&list, i) {
            Ok(len) => println!("{:<24} fulfilled  {} bytes", path, len),
            Err(message) => println!("{:<24} rejected   {}", path, message),
        }
    }
    drop(list);
    unsafe {
        assert_eq!(avow_loop_close(of), 0);
        assert_eq!(uv_loop_close(of), 0);
    }
}
