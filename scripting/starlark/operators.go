package starlark

import (
	"math/bits"

	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// binary are the operators with a guard, by its name.
var binary = map[string]syntax.Token{
	"+": syntax.PLUS, "-": syntax.MINUS, "**": syntax.STAR, "%": syntax.PERCENT, "&": syntax.AMP, "|": syntax.PIPE,
	"^": syntax.CIRCUMFLEX, "<<": syntax.LTLT, "in": syntax.IN, "not in": syntax.NOT_IN,
}

var comparisons = map[string]syntax.Token{
	"==": syntax.EQL, "!=": syntax.NEQ, "<": syntax.LT, ">": syntax.GT, "<=": syntax.LE, ">=": syntax.GE,
}

// openOperators makes the guards of operators.
func (s *State) openOperators() {
	for name, op := range binary {
		s.internal(name, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) { return s.binary(op, args[0], args[1]) })
	}
	for name, op := range comparisons {
		s.internal(name, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
			ok, err := s.compare(op, args[0], args[1])
			return sl.Bool(ok), err
		})
	}
	s.internal(guardOperand, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) { return operand{args[0], s}, nil })
	s.internal(guardTuple, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		t, _ := args[0].(sl.Tuple)
		return args[0], s.tuple(t)
	})
	s.internal(guardRest, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		t, _ := args[0].(sl.Tuple)
		return sl.True, s.tuple(t)
	})
	s.internal(guardSpread, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		n, err := s.items(args[0])
		if err == nil {
			err = s.room(n)
		}
		return args[0], err
	})
	s.internal(guardSlice, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		return s.slice(args[0], args[1], args[2], args[3])
	})
	s.internal(guardDict, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		return args[0], s.meter.Build(128 + int(tableBytes(sl.Len(args[0])))) // even an empty one is large
	})
	s.env[guardNone] = sl.None
}

// internal makes a function that only rewritten code calls.
func (s *State) internal(name string, fn func(*sl.Thread, sl.Tuple) (sl.Value, error)) {
	s.env[name] = sl.NewBuiltin(name, func(t *sl.Thread, _ *sl.Builtin, args sl.Tuple, _ []sl.Tuple) (sl.Value, error) {
		return fn(t, args)
	})
}

// binary does x op y when it fits.
func (s *State) binary(op syntax.Token, x, y sl.Value) (sl.Value, error) {
	switch op {
	case syntax.IN, syntax.NOT_IN:
		return s.contains(op, x, y)
	case syntax.PERCENT:
		if format, ok := x.(sl.String); ok {
			return s.interpolate(format, y)
		}
	}
	if z, done, err := s.tables(op, x, y); done {
		return z, err
	}
	if err := s.affordable(op, x, y); err != nil {
		return nil, err
	}
	z, err := sl.Binary(op, x, y)
	if t, ok := z.(sl.Tuple); ok && err == nil {
		err = s.tuple(t)
	}
	return z, err
}

// affordable counts the work and the memory of x op y.
func (s *State) affordable(op syntax.Token, x, y sl.Value) error {
	if a, ok := x.(sl.Int); ok {
		b, isInt := y.(sl.Int)
		if isInt {
			return integers(op, a, b)
		}
		if op == syntax.STAR {
			return s.repeat(y, x)
		}
		return nil
	}
	if op == syntax.STAR {
		return s.repeat(x, y)
	}
	switch x := x.(type) {
	case sl.String:
		if y, ok := y.(sl.String); ok {
			return s.build(len(x) + len(y))
		}
	case *sl.List, sl.Tuple:
		return s.longer(x, max(0, sl.Len(x))+max(0, sl.Len(y)))
	}
	return nil
}

// setOperators are the operators of sets.
var setOperators = map[syntax.Token]string{
	syntax.PIPE: "union", syntax.MINUS: "difference", syntax.AMP: "intersection", syntax.CIRCUMFLEX: "symmetric_difference",
}

// tables does the operations of dicts and sets.
func (s *State) tables(op syntax.Token, x, y sl.Value) (z sl.Value, done bool, err error) {
	switch x := x.(type) {
	case *sl.Dict:
		if y, ok := y.(*sl.Dict); ok && op == syntax.PIPE {
			out := new(sl.Dict)
			if err := s.put(out, x); err != nil {
				return nil, true, err
			}
			return out, true, s.put(out, y)
		}
	case *sl.Set:
		if y, ok := y.(*sl.Set); ok && setOperators[op] != "" {
			z, err := setOps[setOperators[op]](s, x, y)
			return z, true, err
		}
	}
	return nil, false, nil
}

// repeat counts "ab" * 3 and [a, b] * 3.
func (s *State) repeat(x, times sl.Value) error {
	i, ok := times.(sl.Int)
	if !ok {
		return nil
	}
	n, small := i.Int64()
	if !small || n > 1<<30 {
		n = 1 << 30
	}
	high, size := bits.Mul64(uint64(max(0, n)), uint64(max(0, sl.Len(x))))
	if high != 0 || size > 1<<40 {
		size = 1 << 40
	}
	switch x.(type) {
	case sl.String:
		return s.build(int(size)) //nolint:gosec // bounded above
	case *sl.List, sl.Tuple:
		return s.longer(x, int(size)) //nolint:gosec // bounded above
	}
	return nil
}

// longer counts a list or tuple of n values that is about to be made in one step.
func (s *State) longer(x sl.Value, n int) error {
	if n > maxItems {
		return problem("%s of %d values is too large: %d are the limit here", x.Type(), n, maxItems)
	}
	return s.room(n)
}

// integers refuses what would make a number too long.
func integers(op syntax.Token, a, b sl.Int) error {
	switch op {
	case syntax.STAR:
		if bitLen(a)+bitLen(b) > maxBits {
			return errBits
		}
	case syntax.LTLT:
		if n, ok := b.Int64(); ok && n >= 0 && int64(bitLen(a))+n > maxBits {
			return errBits
		}
	default:
		if bitLen(a) > maxBits || bitLen(b) > maxBits {
			return errBits
		}
	}
	return nil
}

func bitLen(i sl.Int) int {
	if n, ok := i.Int64(); ok {
		return bits.Len64(uint64(max(n, -n))) //nolint:gosec // a length
	}
	return i.BigInt().BitLen()
}

// operand is the right side of x += y: it does the operation on behalf of x.
type operand struct {
	sl.Value
	state *State
}

var _ sl.HasBinary = operand{}

// Binary is asked by the interpreter because no built-in type knows an operand.
func (o operand) Binary(op syntax.Token, x sl.Value, side sl.Side) (sl.Value, error) {
	if side == sl.Left {
		return nil, nil
	}
	s, y := o.state, o.Value
	switch x := x.(type) {
	case *sl.List:
		if _, ok := y.(sl.Iterable); ok && op == syntax.PLUS {
			return x, s.extend(x, y)
		}
	case *sl.Dict:
		if y, ok := y.(*sl.Dict); ok && op == syntax.PIPE {
			return x, s.put(x, y)
		}
	}
	return s.binary(op, x, y)
}

// extend is list += values.
func (s *State) extend(x *sl.List, y sl.Value) error {
	n, err := s.items(y)
	if err != nil {
		return err
	}
	if err := s.room(n); err != nil {
		return err
	}
	add, err := x.Attr("extend")
	if err != nil {
		return err
	}
	_, err = add.(*sl.Builtin).CallInternal(nil, sl.Tuple{y}, nil)
	return err
}
