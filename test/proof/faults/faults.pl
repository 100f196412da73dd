#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Read a file of faults. Its head describes the format.
#
#   faults.pl FAULTS names                prints the names of all faults
#   faults.pl FAULTS some N SEED [FILE]...
#       prints N random names, first those of faults in these files. Faults in
#       other files of adapters are left out, because they need more builds
#   faults.pl FAULTS verify ROOT [NAME]...
#       checks that the faults apply. Without NAME, also checks that each source
#       of the library has a fault, and that caught.txt has a row for each fault
#   faults.pl FAULTS kind NAME            prints the build of a fault
#   faults.pl FAULTS breaks NAME          prints the invariant to break
#   faults.pl FAULTS apply ROOT NAME      applies it, and prints the file
use strict;
use warnings;
use File::Glob qw(:bsd_glob); # allows spaces in names
use List::Util qw(shuffle);

my ($source, $command, @rest) = @ARGV;
my (@faults, %by_name);

# Files that these builds do not compile, that have no statement, or that check
# for faults.
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
    die "$source: invalid line: $_\n";
  }
}

# Returns the text with the fault, or undef and a reason if it does not apply.
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
  return $by_name{ $_[0] } // die "no fault has the name $_[0]\n";
}

# Files of src/sim need no fault, because the simulator is not part of the
# library and avow's suites also run on it.
sub complain_of_files_without {
  my ($root) = @_;
  my %with = map { $_->{file} => 1 } @faults;
  my @lack = grep { !$with{$_} && !$without{$_} && !m{^src/sim/} }
    map { substr $_, length("$root/") }
    map { glob "$root/src/$_" } qw(*.c */*.c);
  print "$_: has no planted fault\n" for @lack;
  return scalar @lack;
}

sub complain_of_faults_without_row {
  my %rows = map { $_ => 1 } slurp($source =~ s/faults\.txt$/caught.txt/r) =~ /^(\w+)/mg;
  my @lack = grep { !$rows{$_} } map { $_->{name} } @faults;
  print "$_: is not in caught.txt; run check.sh --write $_\n" for @lack;
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
