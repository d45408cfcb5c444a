package top

import "unicode/utf8"

// filterMost bounds a filter.
const filterMost = 60

// Press does what a key means.
func (m *Model) Press(k Key) Action {
	switch k {
	case KeyInterrupt:
		return Action{Quit: true}
	case KeySuspend:
		return Action{Suspend: true}
	case KeyRedraw:
		return Action{Redraw: true, Fetch: true}
	}
	if m.mode != filtering {
		m.message = ""
	}
	switch m.mode {
	case filtering:
		m.typed(k)
		return Action{}
	case confirming:
		return m.answered(k)
	case helping:
		m.mode = table
		return Action{}
	case details:
		return m.pressInDetails(k)
	}
	return m.pressInTable(k)
}

func (m *Model) pressInTable(k Key) Action {
	switch k {
	case 'q', 'Q':
		return Action{Quit: true}
	case KeyEscape:
		m.filter = ""
		m.arrange()
	case '?':
		m.mode = helping
	case '/':
		m.mode, m.edit = filtering, m.filter
	case 's', KeyRight, '>':
		m.sortBy(m.sort + 1)
	case KeyLeft, '<':
		m.sortBy(m.sort - 1)
	case 'S', 'r':
		m.upward = !m.upward
		m.top()
	case 'h':
		m.ask()
	case KeyEnter:
		if m.look() == nil {
			return Action{}
		}
		m.mode, m.detail, m.gone, m.scroll = details, nil, false, 0
		return Action{Fetch: true}
	default:
		if by, ok := m.steps(k); ok {
			m.move(by)
		}
	}
	return Action{}
}

func (m *Model) pressInDetails(k Key) Action {
	switch k {
	case 'q', 'Q', KeyEscape, KeyEnter, KeyBackspace, KeyLeft:
		m.mode, m.detail = table, nil
		m.arrange()
	case 'h':
		m.ask()
	default:
		if by, ok := m.steps(k); ok {
			m.scroll = max(0, m.scroll+by)
		}
	}
	return Action{}
}

// steps is how many rows a key moves.
func (m *Model) steps(k Key) (int, bool) {
	const far = 1 << 30
	by, ok := map[Key]int{
		KeyUp: -1, 'k': -1, KeyDown: 1, 'j': 1, KeyPageUp: -m.page, KeyPageDown: m.page, ' ': m.page,
		KeyHome: -far, 'g': -far, KeyEnd: far, 'G': far,
	}[k]
	return by, ok
}

// sortBy chooses a column; one of figures has the largest first.
func (m *Model) sortBy(column int) {
	m.sort = (column + len(allColumns)) % len(allColumns)
	m.upward = !allColumns[m.sort].figures
	m.top()
}

// top chooses the first row in a new order: the worst is what one wants to see.
func (m *Model) top() {
	m.selected, m.at = "", 0
	m.arrange()
}

// ask puts the question whether to hang up.
func (m *Model) ask() {
	if m.selected != "" && !m.gone {
		m.back, m.mode, m.asked = m.mode, confirming, m.selected
	}
}

func (m *Model) answered(k Key) Action {
	m.mode = m.back
	m.back = table
	if k == 'y' || k == 'Y' {
		return Action{Hangup: m.asked}
	}
	m.Say("not hung up")
	return Action{}
}

// typed edits the filter, which holds at once.
func (m *Model) typed(k Key) {
	switch k {
	case KeyEnter, KeyUp, KeyDown:
		m.mode = table
		return
	case KeyEscape:
		m.mode, m.edit = table, ""
	case KeyBackspace:
		if m.edit == "" {
			m.mode = table
			break
		}
		_, n := utf8.DecodeLastRuneInString(m.edit)
		m.edit = m.edit[:len(m.edit)-n]
	default:
		if k < ' ' || len(m.edit) >= filterMost {
			return
		}
		m.edit += string(rune(k))
	}
	m.filter = m.edit
	m.arrange()
}
