#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a bill of materials in SPDX 2.3 for each library of a release.

    spdx.py VERSION TARBALL FOLDER [SUPPLIER]

FOLDER gets avow-VERSION.spdx.json and one file for each adapter. A document has
the library, with the checksum of the tarball, and the libraries that it links.
"""
import datetime
import hashlib
import json
import os
import sys

# The libraries, and what each of them links besides the C library.
LIBRARIES = {
    'avow': ['libuv'],
    'avow-curl': ['avow', 'libcurl', 'libuv'],
    'avow-tls': ['avow', 'OpenSSL', 'libuv'],
    'avow-nats': ['avow', 'libnats', 'libuv'],
}
# The oldest version that is accepted, and the license.
FOREIGN = {'libuv': ('1.44.2', 'MIT'), 'libcurl': ('7.84', 'curl'),
           'OpenSSL': ('3.0.0', 'Apache-2.0'), 'libnats': ('3.4.0', 'Apache-2.0')}


def package(name, version, license_, supplier):
    return {
        'SPDXID': f'SPDXRef-{name}', 'name': name, 'versionInfo': version,
        'downloadLocation': 'NOASSERTION', 'filesAnalyzed': False,
        'licenseConcluded': license_, 'licenseDeclared': license_,
        'copyrightText': 'NOASSERTION', 'supplier': supplier}


def own(name, version, checksum, supplier):
    found = package(name, version, 'MIT', supplier)
    found['checksums'] = [{'algorithm': 'SHA256', 'checksumValue': checksum}]
    return found


def linked(name, version, checksum, supplier):
    if name in LIBRARIES:
        return own(name, version, checksum, supplier)
    oldest, license_ = FOREIGN[name]
    return package(name, f'{oldest} or newer', license_, 'NOASSERTION')


def document(name, version, checksum, supplier, made):
    others = LIBRARIES[name]
    return {
        'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0',
        'SPDXID': 'SPDXRef-DOCUMENT', 'name': f'{name}-{version}',
        'documentNamespace':
            f'https://spdx.org/spdxdocs/{name}-{version}-{checksum}',
        'creationInfo': {'created': made, 'creators': ['Tool: avow-spdx']},
        'packages': [own(name, version, checksum, supplier)] +
                    [linked(other, version, checksum, supplier)
                     for other in others],
        'relationships': [
            {'spdxElementId': 'SPDXRef-DOCUMENT',
             'relationshipType': 'DESCRIBES',
             'relatedSpdxElement': f'SPDXRef-{name}'}] + [
            {'spdxElementId': f'SPDXRef-{name}',
             'relationshipType': 'DYNAMIC_LINK',
             'relatedSpdxElement': f'SPDXRef-{other}'} for other in others]}


def main(version, tarball, folder, supplier='NOASSERTION'):
    with open(tarball, 'rb') as file:
        checksum = hashlib.sha256(file.read()).hexdigest()
    made = datetime.datetime.fromtimestamp(os.stat(tarball).st_mtime,
                                           datetime.timezone.utc)
    if supplier != 'NOASSERTION':
        supplier = f'Person: {supplier}'
    for name in LIBRARIES:
        with open(f'{folder}/{name}-{version}.spdx.json', 'w',
                  encoding='utf-8') as file:
            json.dump(document(name, version, checksum, supplier,
                               made.strftime('%Y-%m-%dT%H:%M:%SZ')), file,
                      indent=2)
            file.write('\n')


main(*sys.argv[1:])
