/** The ten classes of CIFAR-10 (Krizhevsky 2009), in the order of their numbers. */
export const cifar10Labels: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
