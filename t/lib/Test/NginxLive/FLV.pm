package Test::NginxLive::FLV;

# Copyright (C) nginx-live authors

# Reads FLV in pieces of any size and dies when it is not well-formed: header,
# types, sizes behind the tags.
#
#     my $flv = Test::NginxLive::FLV->new;
#     $flv->add($bytes);
#     $flv->{flags}, @{$flv->{tags}}
#
# A tag is a hash of type (audio, video, script), time (ms), data, and config
# (a configuration), key (a key frame).

use warnings;
use strict;


my %TYPES = (8 => 'audio', 9 => 'video', 18 => 'script');


sub new {
    my ($class) = @_;
    return bless { buf => '', tags => [], bytes => 0 }, $class;
}


sub add {
    my ($self, $bytes) = @_;

    $self->{buf} .= $bytes;
    $self->{bytes} += length($bytes);

    $self->_header() unless defined $self->{flags};
    return $self unless defined $self->{flags};

    1 while $self->_tag();

    return $self;
}


sub _header {
    my ($self) = @_;

    return if length $self->{buf} < 13;

    my ($sig, $version, $flags, $offset, $previous)
        = unpack('a3 C C N N', substr($self->{buf}, 0, 13, ''));

    die "bad FLV header\n"
        unless $sig eq 'FLV' && $version == 1 && $offset == 9
               && $previous == 0 && !($flags & ~5);

    $self->{flags} = $flags;
}


sub _tag {
    my ($self) = @_;

    return 0 if length $self->{buf} < 11;

    my ($type, @n) = unpack('C10', $self->{buf});
    my $size = $n[0] << 16 | $n[1] << 8 | $n[2];
    my $time = $n[6] << 24 | $n[3] << 16 | $n[4] << 8 | $n[5];

    die "bad type of FLV tag $type\n" unless $TYPES{$type};
    return 0 if length $self->{buf} < 11 + $size + 4;

    substr($self->{buf}, 0, 11, '');
    my $data = substr($self->{buf}, 0, $size, '');
    my $previous = unpack('N', substr($self->{buf}, 0, 4, ''));

    die "bad previous tag size $previous, not " . ($size + 11) . "\n"
        unless $previous == $size + 11;

    my ($first, $second) = unpack('C2', $data);

    push @{$self->{tags}}, {
        type => $TYPES{$type}, time => $time, data => $data,
        config => $type != 18 && !$second
                  && ($type == 9 || $first >> 4 == 10) ? 1 : 0,
        key => $type == 9 && $first >> 4 == 1 && $second ? 1 : 0
    };

    return 1;
}


# Tags of a type, without configurations.

sub frames {
    my ($self, $type) = @_;
    return grep { $_->{type} eq $type && !$_->{config} } @{$self->{tags}};
}


# Bytes of an unfinished tag.

sub rest { length $_[0]{buf} }


1;
