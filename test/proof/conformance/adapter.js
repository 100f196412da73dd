// SPDX-License-Identifier: MIT
'use strict';

/* What Promises/A+ asks of an implementation under test. */
const native = require(process.env.AVOW_BINDING ?? './build/binding.node');

const AvowPromise = require('./promise.js')(native);

exports.resolved = (value) => AvowPromise.resolve(value);
exports.rejected = (reason) => AvowPromise.reject(reason);
exports.deferred = () => AvowPromise.withResolvers();
