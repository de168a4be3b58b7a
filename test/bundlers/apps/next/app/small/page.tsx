'use client';

import { useEffect, useState } from 'react';
import { buildResNet } from 'skipscale';

export default function Page() {
  const [name, setName] = useState('');
  useEffect(() => {
    const model = buildResNet(18);
    setName(model.architecture.name);
  }, []);
  return <p>{name}</p>;
}
