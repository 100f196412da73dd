// SPDX-License-Identifier: MIT
'use strict';

/* The functions that the suite of Promises/A+ requires. */
const native = require(process.env.AVOW_BINDING ?? './build/binding.node');

const AvowPromise = require('./promise.js')(native);

exports.resolved = (value) => AvowPromise.resolve(value);
exports.rejected = (reason) => AvowPromise.reject(reason);
exports.deferred = () => AvowPromise.withResolvers();
