# SPDX-License-Identifier: MIT
# Print C code from the public headers that calls each function once for each
# pointer parameter. That parameter is NULL, and the others are valid.
#
#   perl nulls.pl HEADER... >nulls_cases.h
#
# The script fails for a type that is not in the table below. Add a valid value.
use strict;
use warnings;

# Parameters that may be NULL: the program's own data, or with a default.
my %never = map { $_ => 1 } qw(data self globals);

my %sound = (
  'uv_loop_t *' => 'loop',
  'avow_promise_t *' => 'avow_sleep(loop, 0)',
  'avow_promise_t **' => '&promise',
  'avow_deferred_t *' => 'a_deferred()',
  'avow_deferred_t **' => '&deferred',
  'avow_channel_t *' => 'avow_channel_new(loop, 1)',
  'avow_channel_t **' => '&channel',
  'avow_sender_t *' => 'avow_sender_new(avow_channel_new(loop, 1), 1)',
  'avow_sender_t **' => '&sender',
  'avow_broadcast_t *' => 'avow_broadcast_new(loop, 1, NULL)',
  'avow_watch_t *' => 'avow_watch_new(loop, avow_none())',
  'avow_mailbox_t *' => 'avow_mailbox_new(loop)',
  'avow_limiter_t *' => 'avow_limiter_new(loop, 1)',
  'avow_rate_t *' => 'avow_rate_new(loop, 1, 1, NULL)',
  'avow_cache_t *' => 'avow_cache_new(loop, cb, NULL, NULL, NULL)',
  'avow_once_t *' => 'avow_once_new(loop, fn, NULL, NULL)',
  'avow_reader_t *' => 'avow_reader_new(avow_uv_stream(a_stream()))',
  'avow_gather_t *' => 'a_gather()',
  'avow_gather_t **' => '&gather',
  'avow_group_t *' => 'a_group()',
  'avow_group_t **' => '&group',
  'avow_remote_t *' => 'a_remote()',
  'avow_remote_t **' => '&remote',
  'avow_loops_t *' => 'avow_loops_new(1)',
  'avow_value_t' => 'avow_string("x")',
  'avow_value_t *' => '&value',
  'avow_value_t []' => 'values',
  'avow_promise_t *const []' => 'promises()',
  'avow_channel_t *const []' => 'channels()',
  'size_t []' => 'sizes',
  'avow_case_t []' => 'NULL',
  'avow_local_t *' => '&local_key',
  'avow_class_t *' => '&klass',
  'avow_frame_t *' => '&frame',
  'avow_stats_t *' => '&stats',
  'avow_command_t *' => '&command',
  'char *' => '"missing/file"',
  'char **' => '&text',
  'size_t *' => '&size',
  'void *' => '&size',
  'FILE *' => 'stderr',
  'avow_stream_t' => 'avow_uv_stream(a_stream())',
  'uv_stream_t *' => 'a_stream()',
  'uv_handle_t *' => '(uv_handle_t *) a_stream()',
  'uv_tcp_t *' => '(uv_tcp_t *) a_stream()',
  'uv_pipe_t *' => 'a_pipe()',
  'uv_udp_t *' => 'a_socket()',
  'struct sockaddr *' => 'address()',
  'uv_process_options_t *' => '&process',
  'avow_cb' => 'cb',
  'avow_fn' => 'fn',
  'avow_map_fn' => 'map_fn',
  'avow_loops_fn' => 'loops_fn',
  'avow_cancel_cb' => 'done',
  'avow_settled_cb' => 'settled',
  'struct addrinfo *' => 'NULL',
  'avow_curl_t *' => 'avow_curl_new(loop, NULL)',
  'CURL *' => 'curl_easy_init()',
  'char *const *' => 'NULL',
  'natsOptions *' => 'NULL',
);
# Parameters that need a special value.
my %special = (
  'settings' => '&settings',
  'transport' => 'avow_value_ref(&transport)',
);
# The value that represents NULL for types that are not pointers.
my %nothing = ('avow_stream_t' => 'no_stream');
my %number = map { $_ => 1 } qw(int unsigned size_t uint32_t uint64_t int64_t double
  uv_file uv_uid_t uv_gid_t uv_os_sock_t avow_gather_kind_t
  avow_edge_t);

sub parameters {
  my ($list) = @_;
  return () if $list eq 'void';
  my @parts = ('');
  my $depth = 0;
  for my $c (split //, $list) {
    $depth++ if $c eq '(';
    $depth-- if $c eq ')';
    if ($c eq ',' && $depth == 0) { push @parts, ''; next }
    $parts[-1] .= $c;
  }
  return grep { $_ ne '...' } map { s/^\s+|\s+$//gr } @parts;
}

# Returns a valid expression, whether to pass NULL too, and the form of NULL.
sub sound {
  my ($parameter) = @_;
  return ('NULL', 1) if $parameter =~ /^void \*\(\*(?:malloc|realloc|calloc)/;
  return ('NULL', 1) if $parameter =~ /^void \(\*(?:free_)?fn\)/;
  my ($type, $name, $array) =
    $parameter =~ /^(.*?[\s\*])(\w+)(\[\])?$/ or die "nulls.pl: $parameter\n";
  $type =~ s/^const //;
  $type =~ s/\s+$//;
  $type .= ' []' if $array;
  return ('NULL', 0) if $never{$name} || $type =~ /^avow_(?:log|misuse)_cb$/;
  return ('1', 0) if $number{$type};
  return ('NULL', 1) if $type =~ /_(?:options|exceptions)_t \*$/ && !$sound{$type};
  my $value = $special{$name} // $sound{$type};
  die "nulls.pl: no value for type '$type' of '$parameter'; add one to %sound\n"
    unless defined $value;
  return ($value, $type ne 'avow_value_t', $nothing{$type} // 'NULL');
}

my @cases;
my $text = join '', map { open my $in, '<', $_ or die "$_: $!\n"; local $/; <$in> } @ARGV;
$text =~ s{/\*.*?\*/}{}gs;
while ($text =~ /(?:AVOW_API|AVOW_ASYNC_API)\s+(?:AVOW_MUST_USE\s+)?([\w\s\*]+?)\(?(avow_\w+)\)?\s*\(([^;]*?)\)(?:\s*AVOW_PRINTF\([^;]*\))?;/g) {
  my ($type, $name, $list) = ($1, $2, $3);
  next if $name eq 'avow_misuse'; # it always aborts
  $list =~ s/\s+/ /g;
  my @all = map { [sound($_)] } parameters($list);
  my @names = map { /(\w+)(?:\[\])?(?:\)\([^)]*\))?$/ ? $1 : $_ } parameters($list);
  for my $i (grep { $all[$_][1] } 0 .. $#all) {
    my $call = "$name(" . join(', ', map { $_ == $i ? $all[$i][2] // 'NULL' : $all[$_][0] } 0 .. $#all) . ')';
    my $id = @cases;
    my $is_made = $type =~ /^avow_\w+_t \*$/;
    $call = "not_null($call)" if $is_made;
    $call = "use($call)" if $type =~ /^avow_value_t/;
    $call = "use_code($call)" if $type =~ /^int\b/;
    $call = "avow_free($call)" if $name eq 'avow_realloc';
    print "static void case_$id(void) {\n  $call;\n}\n\n";
    push @cases, "  { \"$name() with $names[$i] NULL\", case_$id },\n";
  }
}
die "nulls.pl: the headers have no functions\n" unless @cases;
print "static const case_t cases[] = {\n", @cases, "};\n";
