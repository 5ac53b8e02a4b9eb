/** Made by `tools/train-mood.ts`: not to be edited. Deviations are 2 ** octaves; the centre is in deviations. */
import { unpack } from '#engines/audio/harmony/net.ts'

export const LEARNED = {
  octaves: unpack(
    'Z+sHb6/tRWid831c1/HcTZXzpkzt8J9HPu5vQ5btjz0c7bdBoexWNibriDUI6R8vO+mRL2jmYDCD5uAsd+e6Ke7mWi4Y6HMtPekzKzLowiCg/4IeHgcsJIYFSSR1Bmom8AglJg0QnlBBFlD1B91g+5HmUvbf1QEm+QeT8pvgtiHNBysEHBDUHs8nk8S30Ob4v/fZ54PyEOSW87XlofTZ5J/7IebsDMroq+0b6BfTAYB6AAPHZqrzqQOvdKlqrTDUOLhztYAE',
    0.00018882472059544592,
  ),
  centre: unpack(
    '7WOOI3hPcP8LOnsJxjc6BhIxoQOvMdn+5TTBALU0xP5xM8z9HTNS+XA1Kv7uOFL56zeG/L48XftYPJ/6qDsA+7c8CP8QOVb8oTa9/MI3fy01LuomDh/TLiEk5jUxJNEyrxzxNK8WjRUkE9x+oRGlb4gQ/392ETjbZA7huyAThPRn8TLzd+zR6h3ogSXXFaQARtP8IfzHPSMJyuoadM2SGNbXyRp+51odGB+n+7gecA5DE0cPnB4JHEMTPhBpDCET8gehCV0M',
    0.0004584104660378314,
  ),
  weights: unpack(
    '5P64/AsEmPpo/fn5wf82AU0FGQBfA0oHxwD6/qYBRQL5/2n3vgGW+4wC3ADUAj39CgUfAUj+zAQb/a/++/ofAQYA3QfH/K/9yAWQ/7n98//x+9P5uPzuB4r57P15ACQFNvxjAl33m/s/ADP6CgRB/m0DDfu1+mb7lQH+B/MGjwSC+BcAZwIm/JL+Ff55AbEBxfhc94j8PQDpAAr6dAGQ+30IuQSpBqT+3PlT+5T+NAdBAnn+CAV0/csDRv8l/ioFWf+RAn8Amv+A/xf/3f+f//kAsQHl/kr9tgBCAsz+TAQ7+24BugBj+e7+MgIgAgECzv21AMkAvgKb/X/+RP6y/AX/OP74/gcBGgTE/mQBhAGE/6gBK/x+/R8BEPqh/Mb8D/60/64CTwCAA8/+q/+F/2ECKQD4/lcAkgCRAL8Ap/9f/40AX//FAz//v/quAmABsQAFA+gCFgKCAWQD6f4RBeb+IgKzAHQBTf4+Atr99ADZ/f0DQv4y/FsAbP8r/kH/qAC9ApQAMQJ5AFX9Xv6dHCP+eQD8AKr9rP85ApsCCv8/BEb+/gKU/YYC5fyZAtgCVwOT+34CwADUARQAtAGG/a8CdQHtAWb/YQEc/tMAc/9+AJIAtf50/zsAcP+dAPf+of+I/w3/W/5f/wj97v+L/Wj+a/8FAYgA9f8NAVD//ABz/vr/uP6EAEEAVQKA/yr9u/5DAgACyAFNAVf9D/lPAGsCZPxnArH9HgQS/g4EMf5/Aoj+SwF6/kkCAABl+iMEJvwI/hcB5AQqAl7/kv0nAPz/6gIbAQGA',
    0.00023332321600536078,
  ),
}
