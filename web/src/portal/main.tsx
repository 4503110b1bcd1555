import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../brand/tokens.css';
import './portal.css';
import { Portal } from './Portal.tsx';
import { SignedOut } from './SignedOut.tsx';

const place = document.getElementById('portal');
if (place === null) throw new Error('index.html has no place for the portal');
createRoot(place).render(<StrictMode>{location.pathname === '/signed-out' ? <SignedOut /> : <Portal />}</StrictMode>);
