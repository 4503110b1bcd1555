import type { FlowState, FlowTimeouts } from '../nat/flow.ts';

/** What the state machine reads and changes of a flow. */
export interface ReferenceFlowState {
  readonly protocol: number;
  state: FlowState;
  finOut: boolean;
  finIn: boolean;
}

function nextTcp(flow: ReferenceFlowState, inward: boolean, flags: number): FlowState {
  const [fin, syn, rst, ack] = [1, 2, 4, 16].map((bit) => (flags & bit) !== 0);
  if (flow.state === 'closed') {
    if (inward || !syn || fin || rst || ack) return 'closed';
    flow.finOut = false;
    flow.finIn = false;
    return 'opening';
  }
  if (rst) return 'closed';
  let { state } = flow;
  if (state === 'opening') {
    if (!inward || !ack) return 'opening';
    state = 'answered';
  } else if (state === 'answered' && !inward && ack && !syn) {
    state = 'established';
  }
  if (!fin) return state;
  if (inward) flow.finIn = true;
  else flow.finOut = true;
  return flow.finIn && flow.finOut ? 'closed' : 'closing';
}

/** The state after a packet; changes nothing but the memory of FINs. */
export function nextState(flow: ReferenceFlowState, inward: boolean, flags: number): FlowState {
  if (flow.protocol === 6) return nextTcp(flow, inward, flags);
  return inward ? 'established' : flow.state;
}

export function timeoutOf(flow: ReferenceFlowState, timeouts: FlowTimeouts): number {
  if (flow.protocol === 17) return flow.state === 'established' ? timeouts.udpEstablished : timeouts.udpOpening;
  if (flow.protocol !== 6) return timeouts.icmp;
  switch (flow.state) {
    case 'established':
      return timeouts.tcpEstablished;
    case 'closing':
      return timeouts.tcpClosing;
    case 'closed':
      return timeouts.tcpClosed;
    default:
      return timeouts.tcpOpening;
  }
}
