#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Reads a file of faults: its head says how they are written.
#
#   faults.pl FAULTS names                the names of all
#   faults.pl FAULTS some N SEED [FILE]...
#       N names, chosen at random: first of the faults in these files. Of those
#       in adapters, which take a build of their own, none but these
#   faults.pl FAULTS verify ROOT [NAME]...
#       are they applicable? If it is all, has each source of the library one,
#       and does caught.txt say of each what finds it?
#   faults.pl FAULTS kind NAME            which build it is in
#   faults.pl FAULTS breaks NAME          which invariant must tell of it
#   faults.pl FAULTS apply ROOT NAME      applies it, and says to which file
use strict;
use warnings;
use File::Glob qw(:bsd_glob); # which leaves spaces alone
use List::Util qw(shuffle);

my ($source, $command, @rest) = @ARGV;
my (@faults, %by_name);

# Which the builds that are tried do not compile, or have no statement, or look
# for faults themselves.
my %without = map { $_ => 1 } qw(src/engine/invariants.c src/fiber/fiber_windows.c
  src/fiber/shadow.c src/sys/at_by_path.c
  src/sys/temp_file_by_path.c src/uv/pipe_bind_by_path.c
  src/uv/child_pipe_by_path.c src/sys/copy_file_by_path.c
  src/value/inline_symbols.c);

sub slurp {
  open my $in, '<', $_[0] or die "$_[0]: $!\n";
  local $/;
  return <$in>;
}

sub add_line {
  my ($mark, $line) = @_;
  my $hunk = $faults[-1]{hunks}[-1];
  $hunk->{old} .= "$line\n" if $mark ne '+';
  $hunk->{new} .= "$line\n" if $mark ne '-';
}

sub new_hunk {
  return { old => '', new => '' };
}

# Adapters have suites of their own.
sub usual {
  return $_[0] =~ m{^src/adapters/(\w+)/} ? $1 : 'pool';
}

sub parse_line {
  local $_ = shift;
  if (/^== (\w+) (\S+)(?: ([a-z]+)(?: (\d+))?)?$/) {
    die "$source: two faults are named $1\n" if $by_name{$1};
    push @faults, { name => $1, file => $2, kind => $3 // usual($2),
      breaks => $4 // '', hunks => [new_hunk()] };
    $by_name{$1} = $faults[-1];
  } elsif (/^\@\@$/) {
    push @{ $faults[-1]{hunks} }, new_hunk();
  } elsif (/^([-+ ])(.*)$/ && @faults) {
    add_line($1, $2);
  } elsif (/^[^#]/) {
    die "$source: what is this? $_\n";
  }
}

# The text with the fault in it; undef, and a reason, if it does not fit.
sub faulty {
  my ($fault, $text) = @_;
  $text = "\n$text";
  for my $hunk (@{ $fault->{hunks} }) {
    my $count = () = $text =~ /(?=\n\Q$hunk->{old}\E)/g;
    return (undef, "$fault->{name}: found $count times, not once, in "
      . "$fault->{file}:\n$hunk->{old}") if $count != 1 || $hunk->{old} eq '';
    $text =~ s/\n\Q$hunk->{old}\E/\n$hunk->{new}/;
  }
  return substr $text, 1;
}

sub find {
  return $by_name{ $_[0] } // die "there is no fault named $_[0]\n";
}

# The simulator is no part of the library: it has some faults of its own, and
# avow's own suites pass on it, or do not.
sub complain_of_files_without {
  my ($root) = @_;
  my %with = map { $_->{file} => 1 } @faults;
  my @lack = grep { !$with{$_} && !$without{$_} && !m{^src/sim/} }
    map { substr $_, length("$root/") }
    map { glob "$root/src/$_" } qw(*.c */*.c);
  print "$_: no fault is planted there\n" for @lack;
  return scalar @lack;
}

sub complain_of_faults_without_row {
  my %rows = map { $_ => 1 } slurp($source =~ s/faults\.txt$/caught.txt/r) =~ /^(\w+)/mg;
  my @lack = grep { !$rows{$_} } map { $_->{name} } @faults;
  print "$_: is not in caught.txt: check.sh --write $_\n" for @lack;
  return scalar @lack;
}

sub verify {
  my ($root, @names) = @_;
  my $wrong = @names
    ? 0
    : complain_of_files_without($root) + complain_of_faults_without_row();
  for my $fault (@names ? map { find($_) } @names : @faults) {
    my ($text, $reason) = faulty($fault, slurp("$root/$fault->{file}"));
    next if defined $text;
    print "$reason\n";
    $wrong++;
  }
  exit($wrong ? 1 : 0);
}

sub some {
  my ($n, $seed, @files) = @_;
  my %first = map { $_ => 1 } @files;
  srand $seed;
  my @some = shuffle grep { $_->{file} !~ m{^src/adapters/} || $first{ $_->{file} } } @faults;
  @some = ((grep { $first{ $_->{file} } } @some),
    (grep { !$first{ $_->{file} } } @some));
  splice @some, $n if @some > $n;
  print "$_->{name}\n" for @some;
}

sub apply {
  my ($root, $name) = @_;
  my $fault = find($name);
  my ($text, $reason) = faulty($fault, slurp("$root/$fault->{file}"));
  die "$reason\n" if !defined $text;
  open my $out, '>', "$root/$fault->{file}" or die "$fault->{file}: $!\n";
  print $out $text;
  close $out or die "$fault->{file}: $!\n";
  print "$fault->{file}\n";
}

parse_line($_) for split /\n/, slurp($source);
if ($command eq 'names') {
  print "$_->{name}\n" for @faults;
} elsif ($command eq 'some') {
  some(@rest);
} elsif ($command eq 'kind') {
  print find(@rest)->{kind}, "\n";
} elsif ($command eq 'breaks') {
  print find(@rest)->{breaks}, "\n";
} elsif ($command eq 'verify') {
  verify(@rest);
} elsif ($command eq 'apply') {
  apply(@rest);
}
