'use client';

import { useEffect, useState } from 'react';
import { classify, pretrained } from 'skipscale';

async function classifyPhoto() {
  const model = await pretrained('resnet20');
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
