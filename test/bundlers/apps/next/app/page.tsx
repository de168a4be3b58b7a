'use client';

import { useEffect, useState } from 'react';
import { buildResNet, classify } from 'skipscale';

async function classifyPhoto() {
  const model = await buildResNet(20, { weights: 'cifar10' });
  const [best] = await classify(model, '/cat.jpg');
  return best.label;
}

export default function Page() {
  const [label, setLabel] = useState('');
  useEffect(() => {
    void classifyPhoto().then(setLabel);
  }, []);
  return <p>{label}</p>;
}
